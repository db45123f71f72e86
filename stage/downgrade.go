package stage

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// A DowngradeError says that the source has an older USMT than the active release.
type DowngradeError struct {
	Version string // of the source
	Active  string // of the active release
	Release string // its name
}

func (e *DowngradeError) Error() string {
	return fmt.Sprintf("staging USMT %s: the active release %s has the newer USMT %s", e.Version, e.Release, e.Active)
}

// checkDowngrade refuses a source that is older than the active release, unless that was allowed.
// A library whose active release is unknown has none, as for Activate.
func checkDowngrade(l *Library, o Options) error {
	if l == nil || o.AllowDowngrade {
		return nil
	}
	name, err := l.Current()
	if broken := (*FormatError)(nil); errors.As(err, &broken) {
		return nil
	}
	if err != nil || name == "" {
		return err
	}
	active := releaseName.FindStringSubmatch(name)[1]
	if compareVersions(o.USMTVersion, active) < 0 {
		return &DowngradeError{Version: o.USMTVersion, Active: active, Release: name}
	}
	return nil
}

// compareVersions compares two versions part by part: as numbers if both are, else as texts.
// A part that is not there counts as 0.
func compareVersions(a, b string) int {
	for a != "" || b != "" {
		var x, y string
		x, a, _ = strings.Cut(a, ".")
		y, b, _ = strings.Cut(b, ".")
		if c := comparePart(x, y); c != 0 {
			return c
		}
	}
	return 0
}

func comparePart(x, y string) int {
	const digits = "0123456789"
	if strings.Trim(x, digits) != "" || strings.Trim(y, digits) != "" {
		return strings.Compare(x, y)
	}
	x, y = strings.TrimLeft(x, "0"), strings.TrimLeft(y, "0")
	return cmp.Or(cmp.Compare(len(x), len(y)), strings.Compare(x, y))
}
