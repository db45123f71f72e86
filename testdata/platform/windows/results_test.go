package windows

import (
	"strings"
	"testing"
)

// Of a test that failed because a part of it did, the part counts; a package that failed counts where no test of it did.
func TestReadResults(t *testing.T) {
	const results = `{"Action":"output","Package":"usmtpkg/cmd/usmtpkg","Test":"TestScript/a.b","Output":"why\n"}
{"Action":"fail","Package":"usmtpkg/cmd/usmtpkg","Test":"TestScript/a.b"}
{"Action":"fail","Package":"usmtpkg/cmd/usmtpkg","Test":"TestScript"}
{"Action":"fail","Package":"usmtpkg/cmd/usmtpkg"}
{"Action":"fail","Package":"usmtpkg/stage"}
{"Action":"skip","Package":"usmtpkg/stage","Test":"TestLinks"}
{"Action":"pass","Package":"usmtpkg/stage","Test":"TestList"}
{"Action":"pass","Package":"usmtpkg/locate"}
`
	passed, skipped, failed := readResults(t, strings.NewReader(results))
	if passed != 1 || len(skipped) != 1 || skipped[0] != "stage.TestLinks" || len(failed) != 4 {
		t.Errorf("readResults = %d, %q, %q, want one each and four failures", passed, skipped, failed)
	}
	got := leaves(failed)
	if len(got) != 2 || got[0].name() != "cmd/usmtpkg.TestScript/a.b" || got[0].said != "why\n" || got[1].name() != "stage." {
		t.Fatalf("leaves = %q", got)
	}
	if pattern := got[0].pattern(); pattern != `^TestScript$/^a\.b$` {
		t.Errorf("pattern = %s", pattern)
	}
}
