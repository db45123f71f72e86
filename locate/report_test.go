package locate

import (
	"errors"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hashicorp/go-multierror"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

func TestReportErr(t *testing.T) {
	fsys := kit(samplekit.Options{})
	both(remove("amd64/SFCN.DAT"), put("amd64/mighost.exe", "MZ"), put("readme", "x"))(fsys)
	r := validate(t, fsys, Options{})
	tests := []struct {
		strict bool
		want   int
	}{{false, 2}, {true, 3}}
	for _, tt := range tests {
		err := r.Err(tt.strict)
		list, ok := errors.AsType[*multierror.Error](err)
		if !ok || list.Len() != tt.want {
			t.Fatalf("Err(%v) = %v, want %d findings", tt.strict, err, tt.want)
		}
		if lines := strings.Split(err.Error(), "\n"); len(lines) != tt.want {
			t.Errorf("Err(%v) = %q, want %d lines", tt.strict, err, tt.want)
		}
	}
	err := r.Err(false)
	if f, ok := errors.AsType[*finding.Error](err); !ok || f.Rule != "core-missing" || f.Path != "amd64/SFCN.DAT" {
		t.Errorf("first finding = %v, want core-missing of amd64/SFCN.DAT", f)
	}
	if _, ok := errors.AsType[*pe.FormatError](err); !ok {
		t.Errorf("Err = %v, want what the reader of programs said inside", err)
	}
	want := "amd64/SFCN.DAT: core-missing: found no such file, wanted a core file of USMT"
	if got := r.Findings()[0].Error(); got != want {
		t.Errorf("Error = %q, want %q", got, want)
	}
}

func TestNoFindingIsNil(t *testing.T) {
	r := validate(t, kit(samplekit.Options{}), Options{Policy: allowAll})
	if err := r.Err(true); err != nil {
		t.Errorf("Err = %#v, want nil", err)
	}
}

func TestFindingsAreACopy(t *testing.T) {
	r := validate(t, fstest.MapFS{}, Options{})
	r.Findings()[0] = nil
	if r.Findings()[0] == nil {
		t.Error("changing the list changed the report")
	}
}
