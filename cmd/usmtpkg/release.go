package main

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"usmtpkg/stage"
)

// namedRelease is the release named on the command line, else the active one.
func namedRelease(lib *stage.Library, args []string) (stage.Release, error) {
	name, err := releaseName(lib, args)
	if err != nil {
		return stage.Release{}, err
	}
	rel, err := lib.Release(name)
	if errors.Is(err, fs.ErrNotExist) {
		err = noRelease(lib, name)
	}
	return rel, err
}

func noRelease(lib *stage.Library, name string) error {
	return &usageError{msg: fmt.Sprintf("no release %q in %s", name, lib.Dir()), hint: "usmtpkg list shows the releases"}
}

// releaseName returns the name of the release named on the command line, else of the active one.
func releaseName(lib *stage.Library, args []string) (string, error) {
	if len(args) == 1 {
		return resolveRelease(lib, args[0])
	}
	name, err := lib.Current()
	if err == nil && name == "" {
		err = &usageError{msg: "the library has no active release", hint: "name a release; usmtpkg list shows them"}
	}
	return name, err
}

// resolveRelease returns the name of the release that given means: a whole name, a whole USMT version,
// or the start of a name, with or without its first "10.0.". The first of these that fits decides; a version
// with all its four numbers is not the start of a longer one, which may be what is left of it after a prune. It
// is an error if none fits, or if several releases fit equally well.
func resolveRelease(lib *stage.Library, given string) (string, error) {
	names, err := lib.Releases()
	if err != nil {
		return "", err
	}
	return resolveAmong(lib, names, given)
}

// wholeVersion is the form of a version with all its numbers.
var wholeVersion = regexp.MustCompile(`^[0-9]+(\.[0-9]+){3}$`)

// resolveAmong is resolveRelease for these names. One that is there twice counts once.
func resolveAmong(lib *stage.Library, names []string, given string) (string, error) {
	slices.Sort(names)
	names = slices.Compact(names)
	if slices.Contains(names, given) {
		return given, nil
	}
	if given == "" {
		return "", noRelease(lib, given)
	}
	starts := []string{given + "-", given}
	if wholeVersion.MatchString(given) {
		starts = starts[:1]
	}
	for _, start := range starts {
		found := releasesStarting(names, start)
		if len(found) == 1 {
			return found[0], nil
		}
		if len(found) > 1 {
			return "", &usageError{
				msg:  fmt.Sprintf("%q fits %d releases in %s: %s", given, len(found), lib.Dir(), strings.Join(found, ", ")),
				hint: "give more of the name",
			}
		}
	}
	if _, err := lib.Release(given); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", err // something has the name, and is no folder
	}
	return "", noRelease(lib, given)
}

// releasesStarting returns the names that begin so, with or without the "10.0." of every USMT since Windows 10.
func releasesStarting(names []string, start string) []string {
	var found []string
	for _, name := range names {
		if strings.HasPrefix(name, start) || strings.HasPrefix(strings.TrimPrefix(name, "10.0."), start) {
			found = append(found, name)
		}
	}
	return found
}
