package stage

import (
	"errors"
	"io/fs"
)

// checkSample keeps a sample kit and real ones in separate libraries: what is active, and what a
// definition is written for, is then never a kit that migrates nothing. The first record that can be
// read shows which kind a library has.
func checkSample(l *Library, o Options) error {
	if l == nil {
		return nil
	}
	names, err := l.Releases()
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it does not exist yet
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		r, err := l.Release(name)
		if err != nil {
			continue // a record that cannot be read does not prevent staging
		}
		switch {
		case o.Sample && !r.Sample:
			return &RefusedError{Path: l.dir, Reason: "it contains releases of USMT, such as " + name + ", and the sample kit is not USMT; choose another folder"}
		case !o.Sample && r.Sample:
			return &RefusedError{Path: l.dir, Reason: "it contains a release of the sample kit, " + name + ", which is not USMT; choose another folder"}
		}
		return nil
	}
	return nil
}
