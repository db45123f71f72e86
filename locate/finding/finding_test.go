package finding

import (
	"errors"
	"io/fs"
	"slices"
	"testing"

	"github.com/hashicorp/go-multierror"
)

func TestSeverityString(t *testing.T) {
	for s, want := range map[Severity]string{SeverityInfo: "info", SeverityWarning: "warning", SeverityError: "error", 7: "severity 7"} {
		if got := s.String(); got != want {
			t.Errorf("String = %q, want %q", got, want)
		}
	}
}

func TestError(t *testing.T) {
	tests := []struct {
		e    Error
		want string
	}{
		{Error{Path: "amd64", Rule: "r", Found: "a", Wanted: "b"}, "amd64: r: found a, wanted b"},
		{Error{Path: "amd64", Rule: "r", Found: "a", Wanted: "b", Text: "in words"}, "amd64: r: in words"},
		{Error{Path: "amd64", Rule: "r", Found: "a", Wanted: "b", Err: fs.ErrInvalid}, "amd64: r: invalid argument"},
	}
	for _, tt := range tests {
		if got := tt.e.Error(); got != tt.want {
			t.Errorf("Error = %q, want %q", got, tt.want)
		}
		if tt.e.Err != nil && !errors.Is(&tt.e, tt.e.Err) {
			t.Errorf("%q does not wrap %v", tt.want, tt.e.Err)
		}
	}
}

func TestSort(t *testing.T) {
	want := []*Error{{Path: "a", Rule: "y"}, {Path: "b", Rule: "x", Found: "1"}, {Path: "b", Rule: "x", Found: "2"}, {Path: "b", Rule: "z"}}
	for i := range want {
		got := slices.Concat(want[i:], want[:i])
		slices.Reverse(got)
		Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("Sort = %v, want %v", got, want)
		}
	}
}

func TestJoin(t *testing.T) {
	info, warning, fatal := &Error{Rule: "i"}, &Error{Rule: "w", Severity: SeverityWarning}, &Error{Rule: "e", Severity: SeverityError}
	tests := []struct {
		name   string
		list   []*Error
		strict bool
		want   []error
		text   string
	}{
		{"nothing", nil, true, nil, ""},
		{"an info", []*Error{info}, true, nil, ""},
		{"a warning", []*Error{info, warning}, false, nil, ""},
		{"an error", []*Error{info, warning, fatal}, false, []error{fatal}, ": e: found , wanted "},
		{"strict", []*Error{info, warning, fatal}, true, []error{warning, fatal}, ": w: found , wanted \n: e: found , wanted "},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := Join(tt.list, tt.strict)
			if tt.want == nil {
				if err != nil {
					t.Errorf("Join = %#v, want nil", err)
				}
				return
			}
			all, ok := errors.AsType[*multierror.Error](err)
			if !ok || !slices.Equal(all.Errors, tt.want) {
				t.Fatalf("Join = %#v, want the errors %v", err, tt.want)
			}
			if err.Error() != tt.text {
				t.Errorf("Error = %q, want %q", err, tt.text)
			}
		})
	}
}
