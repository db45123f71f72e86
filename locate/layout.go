package locate

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
)

// LayoutError says that the source is an offline layout (adksetup /layout):
// USMT is packed in its installers. Unpack unpacks it.
type LayoutError struct {
	Path string   // the folder given
	MSIs []string // paths of the USMT installers found, sorted; none when the layout was made without USMT
	Err  error    // what is wrong with the layout, where Look or Unpack found something

	patches []string // paths of the patches (.msp) beside them
}

func (e *LayoutError) Error() string {
	switch {
	case e.Err != nil:
		return fmt.Sprintf("unpacking USMT from %s: %v", e.Path, e.Err)
	case len(e.MSIs) == 0:
		return fmt.Sprintf("finding USMT in %s: an offline layout without a %s installer", e.Path, usmtDir)
	}
	names := make([]string, len(e.MSIs))
	for i, msi := range e.MSIs {
		names[i] = filepath.Base(msi)
	}
	return fmt.Sprintf("finding USMT in %s: an offline layout, USMT is packed in %s", e.Path, strings.Join(names, ", "))
}

func (e *LayoutError) Unwrap() error { return e.Err }

// Hint says what to do.
func (e *LayoutError) Hint() string {
	const again = "run adksetup /layout again, or copy what is missing from a complete layout of "
	if len(e.MSIs) == 0 {
		return "make the layout again with the feature " + Feature
	}
	if release := e.release(); release != "" {
		return again + "ADK " + release
	}
	return again + "the same ADK version"
}

// missingParts names the absent ones of the three installers that make up USMT
// from ADK 10.1.20348 on. Earlier kits have a single one, without a part in its name.
// Source: lists of the files of ADK layouts, https://github.com/p0w3rsh3ll/ADK
func (e *LayoutError) missingParts() []string {
	var missing []string
	for _, part := range []string{"(ClientCore)", "(DesktopEditions)", "(OnecoreUAP)"} {
		found := false
		for _, msi := range e.MSIs {
			found = found || strings.Contains(strings.ToLower(msi), strings.ToLower(part))
		}
		if !found {
			missing = append(missing, part)
		}
	}
	if len(missing) == 3 {
		return nil
	}
	return missing
}

// asLayout returns a *LayoutError if fsys, the folder at dir, is an offline layout
// or the Installers folder of one, and nil if it is neither.
func asLayout(fsys fs.FS, dir string) (*LayoutError, error) {
	_, err := foldEntry(fsys, ".", "adksetup.exe")
	isLayout := err == nil
	installers, err := foldPath(fsys, "Installers")
	if errors.Is(err, fs.ErrNotExist) {
		installers, err = ".", nil
	}
	if err != nil {
		return nil, err
	}
	msis, err := filesOf(fsys, installers, isInstaller)
	if err != nil {
		return nil, err
	}
	if len(msis) == 0 && !isLayout {
		return nil, nil
	}
	msis = joined(dir, msis)
	patches, err := filesOf(fsys, installers, func(name string) bool { return strings.EqualFold(path.Ext(name), ".msp") })
	if err != nil {
		return nil, err
	}
	return &LayoutError{Path: dir, MSIs: msis, patches: joined(dir, patches)}, nil
}

// joined returns the paths of files of a folder.
func joined(dir string, names []string) []string {
	var paths []string
	for _, name := range names {
		paths = append(paths, filepath.Join(dir, filepath.FromSlash(name)))
	}
	return paths
}

// filesOf lists the files in dir whose names are wanted.
func filesOf(fsys fs.FS, dir string, wanted func(name string) bool) ([]string, error) {
	entries, err := fs.ReadDir(fsys, dir)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries {
		if wanted(e.Name()) {
			files = append(files, path.Join(dir, e.Name()))
		}
	}
	return files, nil
}

// isInstaller reports whether a file is an installer of USMT, by its name.
func isInstaller(name string) bool {
	return isUSMTProduct(name) && strings.EqualFold(path.Ext(name), ".msi")
}
