package contentlib

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/text/encoding/unicode"

	"usmtpkg/locate/tree"
)

const (
	hashA = "79A56464F7BAC44B3D183D5EFC1160E51F95A34FECA492AAD73BC73C8B6DBA38"
	hashB = "0E3F0E7D3A1B5C0D8F6A4C2B1E9D7F5A3C1B0E8D6F4A2C0B9E7D5F3A1C8B6E4D"
)

// simple and ccm are the two forms of a line.
func simple(thread int, msg string) string {
	return fmt.Sprintf("%s  $$<SMS_DISTRIBUTION_MANAGER><05-17-2016 18:31:23.782+240><thread=%d (0x%x)>\r\n", msg, thread, thread)
}

func ccm(thread int, msg string) string {
	return fmt.Sprintf("<![LOG[%s]LOG]!><time=\"18:31:23.782+240\" date=\"05-17-2016\" component=\"SMS_DISTRIBUTION_MANAGER\" context=\"\" type=\"1\" thread=\"%d\" file=\"distmgr.cpp:12\">\r\n", msg, thread)
}

// refresh is what distmgr prints when it refreshes a package.
func refresh(line func(int, string) string, thread int, id string, version int, hash string) string {
	return line(thread, fmt.Sprintf("~Processing package %s (SourceVersion:%d;StoredVersion:%d)", id, version-1, version-1)) +
		line(thread, fmt.Sprintf("Start updating the package %s...", id)) +
		line(thread, fmt.Sprintf(`Taking package snapshot for package %s from source \\PS1SITE\SOURCE\USMT`, id)) +
		line(thread, fmt.Sprintf("The size of package %s, version %d is 204800 KBytes", id, version)) +
		line(thread, "Writing package definition for "+id) +
		line(thread, fmt.Sprintf("~Successfully created RDC signatures for package %s version %d", id, version)) +
		line(thread, "Creating hash for algorithm 32780") +
		line(thread, "The hash for algorithm 32780 is "+hash) +
		line(thread, "The RDC signature hash for algorithm 32780 is "+strings.Repeat("C", 64)) +
		line(thread, fmt.Sprintf("~Adding these contents to the package %s version %d.", id, version)) +
		line(thread, fmt.Sprintf("~Exiting package processing thread for package %s.", id))
}

// weave puts the lines of two logs in turns.
func weave(a, b string) string {
	var out strings.Builder
	la, lb := strings.SplitAfter(a, "\n"), strings.SplitAfter(b, "\n")
	for i := range max(len(la), len(lb)) {
		if i < len(la) {
			out.WriteString(la[i])
		}
		if i < len(lb) {
			out.WriteString(lb[i])
		}
	}
	return out.String()
}

func TestSearchLogs(t *testing.T) {
	same, other := refresh(simple, 5776, "P0100012", 3, hashA), refresh(simple, 5800, "P0100013", 9, hashB)
	lines := strings.SplitAfter(same, "\n")
	tests := []struct {
		name         string
		logs         []string
		verdict      tree.Verdict
		version      int
		earlier      int // version of the earlier entry
		unattributed int
	}{
		{"nothing", []string{""}, NotFound, 0, 0, 0},
		{"no log", nil, NotFound, 0, 0, 0},
		{"same", []string{same}, tree.Same, 3, 0, 0},
		{"same, in the other form", []string{refresh(ccm, 5776, "P0100012", 3, hashA)}, tree.Same, 3, 0, 0},
		{"both forms", []string{other + refresh(ccm, 5776, "P0100012", 3, hashA)}, tree.Same, 3, 0, 0},
		{"hash in lower case", []string{refresh(simple, 1, "p0100012", 3, strings.ToLower(hashA))}, tree.Same, 3, 0, 0},
		{"another package only", []string{other}, NotFound, 0, 0, 0},
		{"two packages at once", []string{weave(same, other)}, tree.Same, 3, 0, 0},
		{"two packages at once, the other way", []string{weave(other, same)}, tree.Same, 3, 0, 0},
		{"different", []string{refresh(simple, 1, "P0100012", 2, hashB)}, Different, 2, 0, 0},
		{"refreshed since", []string{refresh(simple, 1, "P0100012", 2, hashA) + refresh(simple, 1, "P0100012", 3, hashB)}, Different, 3, 2, 0},
		{"right again", []string{refresh(simple, 1, "P0100012", 2, hashB) + refresh(simple, 1, "P0100012", 3, hashA)}, tree.Same, 3, 0, 0},
		{"rotated between two runs", []string{refresh(simple, 1, "P0100012", 2, hashA), refresh(simple, 1, "P0100012", 3, hashB)}, Different, 3, 2, 0},
		{"rotated within a run", []string{strings.Join(lines[:7], ""), strings.Join(lines[7:], "")}, tree.Same, 3, 0, 0},
		{"begins right before the hash", []string{strings.Join(lines[7:], "")}, tree.Same, 3, 0, 0},
		{"begins there, of another", []string{strings.Join(strings.SplitAfter(other, "\n")[7:], "")}, NotFound, 0, 0, 0},
		{"ends right behind it", []string{strings.Join(lines[7:8], "")}, NotFound, 0, 0, 1},
		{"no version told", []string{lines[1] + lines[7]}, tree.Same, 0, 0, 0},
		{"version told behind", []string{lines[1] + lines[7] + lines[9]}, tree.Same, 3, 0, 0},
		{"a run without a hash, then another", []string{strings.Join(lines[:6], "") + refresh(simple, 5776, "P0100013", 4, hashA)}, NotFound, 0, 0, 0},
		{"a thread that ended", []string{lines[1] + lines[10] + lines[7]}, NotFound, 0, 0, 1},
		{"the version of the run before is not that of this one", []string{strings.Join(lines[:8], "") + lines[1] + lines[7]}, tree.Same, 0, 0, 0},
		{"a run that begins behind a hash without a package", []string{lines[7] + lines[3]}, NotFound, 0, 0, 1},
		{"no thread", []string{strings.ReplaceAll(same, "<thread=5776 (0x1690)>", "")}, NotFound, 0, 0, 1},
		{"the signature's hash is not it", []string{lines[1] + strings.Replace(lines[8], strings.Repeat("C", 64), hashA, 1)}, NotFound, 0, 0, 0},
		{"another algorithm", []string{strings.ReplaceAll(same, "32780", "32772")}, NotFound, 0, 0, 0},
		{"torn last line", []string{strings.Join(lines[:7], "") + lines[7][:60]}, NotFound, 0, 0, 0},
		{"torn first line", []string{same[20:]}, tree.Same, 3, 0, 0},
		{"lines of LF", []string{strings.ReplaceAll(same, "\r\n", "\n")}, tree.Same, 3, 0, 0},
		{"message of several lines", []string{ccm(1, "Start updating the package P0100012...\r\nmore\r\n") + ccm(1, "~The hash for algorithm 32780 is "+hashA)}, tree.Same, 0, 0, 0},
		{"torn message before", []string{"<![LOG[torn\r\n" + refresh(ccm, 1, "P0100012", 3, hashA)}, tree.Same, 3, 0, 0},
		{"no sign in the time", []string{strings.ReplaceAll(same, "+240", "120")}, tree.Same, 3, 0, 0},
		{"within a name", []string{lines[1] + simple(5776, "Taking care of The hash for algorithm 32780 is "+hashA)}, NotFound, 0, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var logs []Log
			for i, text := range tt.logs {
				logs = append(logs, Log{Name: fmt.Sprint("log", i), R: strings.NewReader(text)})
			}
			got, err := SearchLogs(t.Context(), "P0100012", strings.ToLower(hashA), logs...)
			if err != nil || got.Verdict != tt.verdict || got.Newest.Version != tt.version || got.Unattributed != tt.unattributed || got.Skipped != 0 {
				t.Errorf("SearchLogs = %+v, %v, want %s, version %d, %d unattributed", got, err, tt.verdict, tt.version, tt.unattributed)
			}
			earlier := 0
			if got.Earlier != nil {
				earlier = got.Earlier.Version
			}
			if earlier != tt.earlier {
				t.Errorf("Earlier = %+v, want version %d", got.Earlier, tt.earlier)
			}
		})
	}
}

// Logs that are given newest first are refused: their last entry is not the newest.
func TestSearchLogsOrder(t *testing.T) {
	later := func(text string) string { return strings.ReplaceAll(text, "05-17-2016", "05-18-2016") }
	old, recent := refresh(simple, 1, "P0100012", 3, hashA), refresh(simple, 2, "P0100012", 4, hashB)
	begun := strings.Join(strings.SplitAfter(recent, "\n")[:3], "")
	tests := []struct {
		name string
		logs []string
		want string // empty: in order
	}{
		{"oldest first", []string{old, later(recent)}, ""},
		{"one log twice", []string{old, old}, ""},
		{"an older copy first", []string{old, old + later(recent)}, ""},
		{"nothing of the package between", []string{old, "x\n", later(recent)}, ""},
		{"newest first", []string{later(recent), old}, "the source version falls from 4 (log0:11) to 3 (log1:11)"},
		{"newest first, the time alone the same", []string{recent, old}, "the source version falls"},
		{"newest first, nothing of the package between", []string{later(recent), "x\n", old}, "the source version falls"},
		{"newest first, by time", []string{later(old), old}, "the time falls"},
		{"newest first, by a minute of UTC", []string{old, strings.ReplaceAll(old, "+240", "+239")}, "the time falls"},
		{"a clock that is put back", []string{old, strings.ReplaceAll(strings.ReplaceAll(recent, "18:31", "17:31"), "+240", "+300")}, ""},
		{"newest first, begun alone", []string{later(begun), old}, "the time falls"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var logs []Log
			for i, text := range tt.logs {
				logs = append(logs, Log{Name: fmt.Sprint("log", i), R: strings.NewReader(text)})
			}
			got, err := SearchLogs(t.Context(), "P0100012", hashA, logs...)
			order := (*OrderError)(nil)
			if tt.want == "" && err != nil || tt.want != "" && (!errors.As(err, &order) || !strings.Contains(err.Error(), tt.want)) {
				t.Errorf("SearchLogs = %+v, %v, want %q", got, err, tt.want)
			}
		})
	}
}

// A refresh that was begun after the newest hash, and printed none or a part of
// one, may have given the package other content: then nothing is equal.
func TestSearchLogsAttempt(t *testing.T) {
	same := refresh(simple, 5776, "P0100012", 3, hashA)
	next := strings.SplitAfter(refresh(simple, 5800, "P0100012", 4, hashB), "\n")
	torn := strings.Replace(next[7], hashB, hashB[:63], 1)
	tests := []struct {
		name    string
		logs    []string
		verdict tree.Verdict
		attempt string // line and version of the attempt, and what it has of a hash; empty: none
	}{
		{"only processed", []string{same + next[0]}, tree.Same, ""},
		{"begun", []string{same + next[0] + next[1]}, Unfinished, "13 0 "},
		{"begun, and the snapshot taken", []string{same + strings.Join(next[2:4], "")}, Unfinished, "12 4 "},
		{"begun by adding it", []string{same + simple(1, "Start adding package P0100012...")}, Unfinished, "12 0 "},
		{"begun, of another", []string{same + simple(1, "Start updating the package P0100013...")}, tree.Same, ""},
		{"everything but the hash", []string{same + strings.Join(next[:7], "") + strings.Join(next[8:], "")}, Unfinished, "13 4 "},
		{"a hash that is cut off", []string{same + strings.Join(next[:7], "") + torn + strings.Join(next[8:], "")}, Unfinished, "19 4 " + hashB[:63]},
		{"the hash wanted, cut off", []string{same + next[1] + simple(5800, "The hash for algorithm 32780 is "+hashA[:63])}, Unfinished, "13 0 " + hashA[:63]},
		{"a hash with more behind it", []string{same + next[1] + simple(5800, "The hash for algorithm 32780 is "+hashA+"0")}, Unfinished, "13 0 " + hashA},
		{"a line that is cut off", []string{same + strings.Join(next[:7], "") + next[7][:60]}, Unfinished, "13 4 "},
		{"in the next log", []string{same, next[1]}, Unfinished, "1 0 "},
		{"done in the next log", []string{same + next[1], strings.Join(next[2:], "")}, Different, ""},
		{"done at last", []string{same + next[1] + refresh(simple, 1, "P0100012", 5, hashA)}, tree.Same, ""},
		{"before, and nothing since", []string{next[1]}, NotFound, "1 0 "},
		{"cut off, of nobody knows which", []string{same + simple(9, "The hash for algorithm 32780 is "+hashB[:63])}, tree.Same, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var logs []Log
			for _, text := range tt.logs {
				logs = append(logs, Log{Name: "log", R: strings.NewReader(text)})
			}
			got, err := SearchLogs(t.Context(), "P0100012", hashA, logs...)
			attempt := ""
			if a := got.Attempt; a != nil {
				attempt = fmt.Sprint(a.Line, a.Version, " ", a.Hash)
			}
			if err != nil || got.Verdict != tt.verdict || attempt != tt.attempt {
				t.Errorf("SearchLogs = %+v, attempt %q, %v, want %s, %q", got, attempt, err, tt.verdict, tt.attempt)
			}
		})
	}
}

// An entry tells where it stands.
func TestSearchLogsEntry(t *testing.T) {
	log := Log{Name: "distmgr.log", R: strings.NewReader("x\r\n" + refresh(simple, 5776, "P0100012", 3, hashA))}
	got, err := SearchLogs(t.Context(), "P0100012", hashA, log)
	want := LogEntry{Hash: hashA, Version: 3, When: "05-17-2016 18:31:23.782+240", Log: "distmgr.log", Line: 9}
	if err != nil || got.Newest != want {
		t.Errorf("Newest = %+v, %v, want %+v", got.Newest, err, want)
	}
}

func TestSearchLogsEncodings(t *testing.T) {
	text := "Grüße\r\n" + refresh(simple, 5776, "P0100012", 3, hashA)
	encoded := func(e unicode.Endianness, bom unicode.BOMPolicy, s string) string {
		out, err := unicode.UTF16(e, bom).NewEncoder().String(s)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, log := range map[string]string{
		"UTF-8":                    text,
		"UTF-8 with a mark":        "\xef\xbb\xbf" + text,
		"ANSI":                     strings.NewReplacer("ü", "\xfc", "ß", "\xdf").Replace(text),
		"UTF-16":                   encoded(unicode.LittleEndian, unicode.UseBOM, text),
		"UTF-16, big endian":       encoded(unicode.BigEndian, unicode.UseBOM, text),
		"UTF-16 without a mark":    encoded(unicode.LittleEndian, unicode.IgnoreBOM, text),
		"UTF-16 BE without a mark": encoded(unicode.BigEndian, unicode.IgnoreBOM, text),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := SearchLogs(t.Context(), "P0100012", hashA, Log{R: strings.NewReader(log)})
			if err != nil || got.Verdict != tree.Same || got.Newest.Version != 3 {
				t.Errorf("SearchLogs = %+v, %v, want same", got, err)
			}
		})
	}
}

func TestSearchLogsRefuses(t *testing.T) {
	for _, id := range []string{"", "P010001", "P01000123", `P01\..\x`, "P01.....", "P010001G"} {
		if _, err := SearchLogs(t.Context(), id, hashA); err == nil {
			t.Errorf("SearchLogs(%q) passed", id)
		}
	}
	if _, err := SearchLogs(t.Context(), "P0100012", "12"); err == nil {
		t.Error("SearchLogs for no hash passed")
	}
	broken := errors.New("broken")
	if _, err := SearchLogs(t.Context(), "P0100012", hashA, Log{"x", io.MultiReader(strings.NewReader("x\n"), failing{broken})}); !errors.Is(err, broken) {
		t.Errorf("SearchLogs = %v, want %v", err, broken)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := SearchLogs(ctx, "P0100012", hashA, Log{"x", strings.NewReader("x\n")}); !errors.Is(err, context.Canceled) {
		t.Errorf("SearchLogs = %v, want context.Canceled", err)
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

// Memory does not grow with the log: not with one endless line, not with endless lines of one
// message.
func TestSearchLogsBounded(t *testing.T) {
	const size, budget = 8 << 20, 1 << 20 // bytes of log, bytes allocated
	for name, text := range map[string]string{"one line": strings.Repeat("x", 64<<10), "lines of one message": strings.Repeat("x\n", 32<<10)} {
		t.Run(name, func(t *testing.T) {
			src := io.LimitReader(&repeater{text: text}, size)
			end := "\n" + simple(1, "the end of the message") + refresh(simple, 1, "P0100012", 3, hashA)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			got, err := SearchLogs(t.Context(), "P0100012", hashA, Log{"x", io.MultiReader(src, strings.NewReader(end))})
			runtime.ReadMemStats(&after)
			if err != nil || got.Verdict != tree.Same || got.Skipped != 1 {
				t.Errorf("SearchLogs = %+v, %v, want same, one message skipped", got, err)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > budget {
				t.Errorf("%d bytes allocated for %d bytes of log, want at most %d", used, size, budget)
			}
		})
	}
}

// A repeater reads one text again and again.
type repeater struct {
	text string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	n := copy(p, r.text[r.at:])
	r.at = (r.at + n) % len(r.text)
	return n, nil
}

// More threads than are remembered: what is forgotten is not attributed, and never to another.
func TestSearchLogsManyThreads(t *testing.T) {
	var b strings.Builder
	b.WriteString(simple(7, "Start updating the package P0100012..."))
	for i := range maxThreads + 1 {
		b.WriteString(simple(1000+i, "Start updating the package P0100013..."))
	}
	b.WriteString(simple(7, "The hash for algorithm 32780 is "+hashA))
	got, err := SearchLogs(t.Context(), "P0100012", hashA, Log{"x", strings.NewReader(b.String())})
	if err != nil || got.Verdict != NotFound || got.Unattributed != 1 {
		t.Errorf("SearchLogs = %+v, %v, want one unattributed hash", got, err)
	}
}

func TestSearchLogFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("distmgr.log", refresh(simple, 1, "P0100013", 9, hashA))
	search := func() LogResult {
		t.Helper()
		got, err := SearchLogFiles(t.Context(), []string{filepath.Join(dir, "distmgr.log")}, "P0100012", hashA)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := search(); got.Verdict != NotFound {
		t.Errorf("SearchLogFiles = %+v, want not found", got)
	}
	write("distmgr-20260102-030405.log", refresh(simple, 1, "P0100012", 2, hashA))
	write("distmgr-20260101-030405.log", refresh(simple, 1, "P0100012", 1, hashB))
	write("distmgr-other.log", refresh(simple, 1, "P0100012", 8, hashB))
	if got := search(); got.Verdict != tree.Same || got.Newest.Version != 2 || filepath.Base(got.Newest.Log) != "distmgr-20260102-030405.log" {
		t.Errorf("SearchLogFiles = %+v, want same in the later of the dated logs", got)
	}
	write("Distmgr.LO_", refresh(simple, 1, "P0100012", 3, hashB))
	if got := search(); got.Verdict != Different || got.Newest.Version != 3 || got.Earlier == nil || got.Earlier.Version != 2 {
		t.Errorf("SearchLogFiles = %+v, want different in the rotated log", got)
	}
	write("distmgr.log", refresh(simple, 1, "P0100012", 4, hashA))
	if got := search(); got.Verdict != tree.Same || got.Newest.Version != 4 || filepath.Base(got.Newest.Log) != "distmgr.log" {
		t.Errorf("SearchLogFiles = %+v, want same in the log itself", got)
	}
	if _, err := SearchLogFiles(t.Context(), []string{filepath.Join(dir, "nowhere.log")}, "P0100012", hashA); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("SearchLogFiles of none = %v, want that it does not exist", err)
	}
}

// A folder stands for the distmgr.log in it; of logs that follow one another the last is the
// newest, also where one is reached twice.
func TestSearchLogFilesOfFolders(t *testing.T) {
	older, newer := t.TempDir(), t.TempDir()
	overwrite(t, filepath.Join(older, "DistMgr.log"), refresh(simple, 1, "P0100012", 1, hashA))
	overwrite(t, filepath.Join(newer, "distmgr.log"), refresh(simple, 1, "P0100012", 3, hashB))
	overwrite(t, filepath.Join(newer, "distmgr.lo_"), refresh(simple, 1, "P0100012", 2, hashA))
	for name, names := range map[string][]string{
		"folders":            {older, newer},
		"one again":          {newer, older, newer},
		"the rotated itself": {older, filepath.Join(newer, "distmgr.lo_"), newer},
	} {
		got, err := SearchLogFiles(t.Context(), names, "P0100012", hashA)
		if err != nil || got.Verdict != Different || got.Newest.Version != 3 || got.Earlier == nil || got.Earlier.Version != 2 {
			t.Errorf("%s: SearchLogFiles = %+v, %v, want version 3, and 2 before it", name, got, err)
		}
	}
	if got, err := SearchLogFiles(t.Context(), []string{newer, older}, "P0100012", hashA); !errors.As(err, new(*OrderError)) {
		t.Errorf("SearchLogFiles = %+v, %v, want the order refused", got, err)
	}
	if _, err := SearchLogFiles(t.Context(), []string{t.TempDir()}, "P0100012", hashA); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("SearchLogFiles of an empty folder = %v, want that there is no log", err)
	}
}

// Whatever a log holds, the search ends, and never takes a hash that is not in it for the one
// wanted.
func FuzzSearchLogs(f *testing.F) {
	f.Add([]byte(refresh(simple, 5776, "P0100012", 3, hashA)))
	f.Add([]byte(refresh(ccm, 5776, "P0100012", 3, hashB)))
	f.Add([]byte("\xff\xfeT\x00h\x00e\x00"))
	f.Add([]byte("<![LOG[\n<![LOG[x]LOG]!><time=\"1\" date=\"1\" thread=\"1\">"))
	f.Add([]byte("$$<><1 1><thread=1>$$<><1 1>"))
	f.Fuzz(func(t *testing.T, b []byte) {
		got, err := SearchLogs(t.Context(), "P0100012", hashA, Log{"x", strings.NewReader(string(b))})
		if err != nil {
			t.Fatalf("SearchLogs(%q) = %v", b, err)
		}
		text := strings.ReplaceAll(string(b), "\x00", "")
		if got.Verdict == tree.Same && !strings.Contains(strings.ToUpper(text), hashA) || got.Unattributed < 0 {
			t.Errorf("SearchLogs(%q) = %+v", b, got)
		}
	})
}
