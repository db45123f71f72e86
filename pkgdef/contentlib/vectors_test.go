package contentlib

import (
	"fmt"
	"path"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// TestSearchLogsVectors reads the logs of testdata/distmgr.txtar. The tests of the emitted scripts read them too, so that
// both find the same hash in them.
func TestSearchLogsVectors(t *testing.T) {
	archive, err := txtar.ParseFile("testdata/distmgr.txtar")
	if err != nil {
		t.Fatal(err)
	}
	cases := 0
	var logs []Log
	var lines []Log // the same with the line ends of Windows
	for _, f := range archive.Files {
		name, text := path.Base(f.Name), string(f.Data)
		if name != "want" {
			logs = append(logs, Log{Name: name, R: strings.NewReader(text)})
			lines = append(lines, Log{Name: name, R: strings.NewReader(strings.ReplaceAll(text, "\n", "\r\n"))})
			continue
		}
		for _, l := range [][]Log{logs, lines} {
			found, err := SearchLogs(t.Context(), "P0100012", hashA, l...)
			got := "none\n"
			if e := found.Newest; found.Verdict != NotFound {
				got = fmt.Sprintf("%s version %d at %s in %s\n", e.Hash, e.Version, e.When, e.Log)
			}
			if err != nil || got != text {
				t.Errorf("%s: SearchLogs = %q, %v, want %q", path.Dir(f.Name), got, err, text)
			}
		}
		logs, lines = nil, nil
		cases++
	}
	if cases < 30 {
		t.Errorf("%d cases in testdata/distmgr.txtar, want 30 at least", cases)
	}
}
