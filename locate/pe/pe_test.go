package pe_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/tc-hib/winres"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

var (
	sampleVersion = pe.Version{10, 0, 65000, 1}
	machines      = []pe.Machine{pe.AMD64, pe.ARM64, pe.I386}
)

// counter counts reads and notes the longest.
type counter struct {
	r       io.ReaderAt
	reads   int
	longest int
}

func (c *counter) ReadAt(p []byte, off int64) (int, error) {
	c.reads++
	c.longest = max(c.longest, len(p))
	return c.r.ReadAt(p, off)
}

// read reads a whole file and checks the bounds that hold for all files.
func read(t *testing.T, data []byte) (pe.Info, error) {
	t.Helper()
	c := &counter{r: bytes.NewReader(data)}
	info, err := pe.Read(c, int64(len(data)))
	if c.reads > 14 || c.longest > 4096 {
		t.Errorf("Read makes %d reads of up to %d bytes, want at most 14 of 4096", c.reads, c.longest)
	}
	return info, err
}

// wantFormatError checks that err is a FormatError that says all it should.
func wantFormatError(t *testing.T, err error) {
	t.Helper()
	var fe *pe.FormatError
	if !errors.As(err, &fe) {
		t.Fatalf("Read = %v, want a *pe.FormatError", err)
	}
	if fe.Part == "" || fe.Found == "" || fe.Want == "" {
		t.Errorf("FormatError %+v has an empty field", *fe)
	}
}

// patch returns data with bytes replaced at off.
func patch(data []byte, off int, with ...byte) []byte {
	data = bytes.Clone(data)
	copy(data[off:], with)
	return data
}

// le32 is n as the file has it.
func le32(n uint32) []byte { return binary.LittleEndian.AppendUint32(nil, n) }

// byWinres returns a PE file whose resource section is the work of winres.
func byWinres(tb testing.TB, m pe.Machine, v pe.Version, resources int) []byte {
	tb.Helper()
	var rs winres.ResourceSet
	for i := range resources { // types below and above RT_VERSION, named ones and numbered ones
		if err := rs.Set(winres.ID(100+i), winres.Name("NAME"), 0x409, bytes.Repeat([]byte{1}, 50)); err != nil {
			tb.Fatal(err)
		}
		if err := rs.Set(winres.Name("TYPE"+strings.Repeat("X", i)), winres.ID(1), 0x409, []byte("text")); err != nil {
			tb.Fatal(err)
		}
	}
	if !v.IsZero() {
		rs.SetVersionInfo(fileInfo(tb, v))
	}
	var out bytes.Buffer
	if err := rs.WriteToEXE(&out, bytes.NewReader(samplekit.PE(m, pe.Version{}, 0))); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// signed returns data with a certificate table of n bytes behind it.
func signed(data []byte, n int) []byte {
	directory := 0x40 + 24 + 112 + 4*8
	if m := binary.LittleEndian.Uint16(data[0x44:]); pe.Machine(m) == pe.I386 {
		directory -= 16
	}
	data = patch(data, directory, append(le32(uint32(len(data))), le32(uint32(n))...)...)
	return append(data, make([]byte, n)...)
}

func TestRead(t *testing.T) {
	old := pe.Version{6, 1, 7601, 17514}
	for _, m := range machines {
		tests := []struct {
			name  string
			data  []byte
			want  pe.Version
			reads int
		}{
			{"own", samplekit.PE(m, sampleVersion, 0), sampleVersion, 1},
			{"own, large", samplekit.PE(m, sampleVersion, 1<<20), sampleVersion, 2},
			{"own, no resources", samplekit.PE(m, pe.Version{}, 0), pe.Version{}, 1},
			{"own, signed", signed(samplekit.PE(m, sampleVersion, 0), 9000), sampleVersion, 1},
			{"winres", byWinres(t, m, old, 0), old, 1},
			{"winres, among others", byWinres(t, m, old, 20), old, 2},
			{"winres, among many others", byWinres(t, m, old, 200), old, 5},
			{"winres, among 1022 others", byWinres(t, m, old, 511), old, 10},
			{"winres, only others", byWinres(t, m, pe.Version{}, 3), pe.Version{}, 1},
		}
		for _, tt := range tests {
			t.Run(m.String()+" "+tt.name, func(t *testing.T) {
				got, err := read(t, tt.data)
				want := pe.Info{Machine: m, FileVersion: tt.want}
				if strings.HasPrefix(tt.name, "winres") && !tt.want.IsZero() {
					want.OriginalName = sampleName
				}
				if err != nil || got != want {
					t.Errorf("Read = %v, %v, want %v", got, err, want)
				}
				c := &counter{r: bytes.NewReader(tt.data)}
				if _, _ = pe.Read(c, int64(len(tt.data))); c.reads > tt.reads {
					t.Errorf("Read makes %d reads, want at most %d", c.reads, tt.reads)
				}
			})
		}
	}
}

// A file that was cut off anywhere is refused.
func TestReadTruncated(t *testing.T) {
	for _, m := range machines {
		for name, data := range map[string][]byte{
			"own":    samplekit.PE(m, sampleVersion, 0),
			"plain":  samplekit.PE(m, pe.Version{}, 0),
			"winres": byWinres(t, m, sampleVersion, 5),
			"signed": signed(samplekit.PE(m, sampleVersion, 0), 300),
		} {
			t.Run(m.String()+" "+name, func(t *testing.T) {
				for n := range data {
					_, err := read(t, data[:n])
					wantFormatError(t, err)
				}
			})
		}
	}
}

// The file ends before the size it had when it was listed.
func TestReadShortened(t *testing.T) {
	data := samplekit.PE(pe.AMD64, sampleVersion, 10_000) // resources at 0x2a00
	tests := []struct {
		size       int
		wantOffset int64
	}{
		{0, 0}, {100, 100}, {4095, 4095}, {4096, 0x2a00}, {0x2a10, 0x2a10},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprint(tt.size), func(t *testing.T) {
			_, err := pe.Read(bytes.NewReader(data[:tt.size]), int64(len(data)))
			wantFormatError(t, err)
			var fe *pe.FormatError
			if errors.As(err, &fe) && fe.Offset != tt.wantOffset {
				t.Errorf("Read = %v, want offset %#x", err, tt.wantOffset)
			}
		})
	}
}

func TestReadNotPE(t *testing.T) {
	tests := []struct {
		name, data, want string
	}{
		{"empty", "", "not a valid PE file: DOS header at offset 0x0: found the end of the file after 0 bytes, wanted 64 bytes"},
		{"short", "MZ", "not a valid PE file: DOS header at offset 0x0: found the end of the file after 2 bytes, wanted 64 bytes"},
		{"zip", "PK\x03\x04" + strings.Repeat("x", 100), `not a valid PE file: DOS header at offset 0x0: found "PK", wanted "MZ"`},
		{"zeros", strings.Repeat("\x00", 5000), `not a valid PE file: DOS header at offset 0x0: found "\x00\x00", wanted "MZ"`},
		{"DOS program", "MZ" + strings.Repeat("\x00", 200), "not a valid PE file: offset of the PE header at offset 0x3c: found 0x0, wanted 0x40 or more, inside the file of 202 bytes"},
		{"OS/2 program", "MZ" + strings.Repeat("\x00", 58) + "\x40\x00\x00\x00" + "NE" + strings.Repeat("\x00", 200), `not a valid PE file: PE signature at offset 0x40: found "NE\x00\x00", wanted "PE\x00\x00"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := read(t, []byte(tt.data))
			wantFormatError(t, err)
			if err.Error() != tt.want {
				t.Errorf("Read = %q, want %q", err, tt.want)
			}
		})
	}
}
