package locate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

// A CachedMSI is a package that Windows Installer keeps of an installed product.
type CachedMSI struct {
	Product string // DisplayName
	Path    string // LocalPackage
	Problem string // why there is no path, or why it is not followed
}

// installerProducts is the registry key, below SOFTWARE, with a key for each product installed for
// all users, and installerProperties the key in that with DisplayName and LocalPackage. Recalled from
// Windows Installer's layout, which Microsoft does not document; it was not seen on a machine with an ADK.
const (
	installerProducts   = `Microsoft\Windows\CurrentVersion\Installer\UserData\S-1-5-18\Products`
	installerProperties = "InstallProperties"
)

// unreadableCache says that it is not known which packages are cached.
func unreadableCache(err error) CachedMSI {
	return CachedMSI{Product: usmtDir, Path: `HKLM\SOFTWARE\` + installerProducts, Problem: "not readable: " + err.Error()}
}

// maxCached bounds the packages of USMT that are read from the cache. An ADK has three.
const maxCached = 32

// isUSMTProduct reports whether a product is a part of USMT, by the name that its installer gives it.
func isUSMTProduct(name string) bool {
	return len(name) >= len(usmtDir) && strings.EqualFold(name[:len(usmtDir)], usmtDir)
}

// ReadKitMSIs reads the packages that a kit came from: those of the offline layout that it was unpacked
// from, or else those that Windows Installer cached, by the registry of this machine or of the mounted
// volume where the kit was found. What cannot be read comes back as a package that does not count. The
// error is the cause of a canceled ctx.
func ReadKitMSIs(ctx context.Context, v *pe.Verifier, c Candidate) ([]*MSI, error) {
	var list []*MSI
	for _, name := range c.packages {
		data, err := tree.ReadFile(name, MaxMSI)
		if err != nil {
			list = append(list, (&MSI{Path: name, Name: filepath.Base(name)}).refuse(fileCause(err).Error()))
			continue
		}
		list = append(list, ReadMSI(v, name, data))
	}
	if len(c.packages) > 0 {
		return list, context.Cause(ctx)
	}
	for i, cached := range c.cached {
		if err := context.Cause(ctx); err != nil {
			return nil, err
		}
		if i == maxCached {
			more := &MSI{Path: cached.Path, Name: baseName(cached.Path), Product: finding.Printable(cached.Product), Cached: true}
			return append(list, more.refuse(fmt.Sprintf("the registry names %d packages; the first %d are read", len(c.cached), maxCached))), nil
		}
		list = append(list, readCached(v, c, cached))
	}
	return list, nil
}

func readCached(v *pe.Verifier, c Candidate, cached CachedMSI) *MSI {
	m := &MSI{Path: cached.Path, Name: baseName(cached.Path)}
	if cached.Problem != "" {
		m.refuse(cached.Problem)
	} else if data, err := c.cachedFile(cached.Path); err != nil {
		m.refuse(err.Error())
	} else {
		m = ReadMSI(v, cached.Path, data)
		m.Name = baseName(cached.Path)
	}
	m.Cached = true
	if !m.Counts() {
		m.Product = finding.Printable(cached.Product)
	}
	return m
}

// baseName returns the last element of a Windows path, whatever the system.
func baseName(windowsPath string) string {
	return windowsPath[strings.LastIndexAny(windowsPath, `/\`)+1:]
}

// cachedFile reads a cached package: of a mounted volume the one at the same path there.
func (c Candidate) cachedFile(name string) ([]byte, error) {
	base, file := filepath.Dir(name), filepath.Base(name)
	if c.sealed {
		_, dir, problem := reroot(name)
		if problem != "" {
			return nil, errors.New(problem)
		}
		base, file = c.base, dir
	} else if problem := notFull(name); problem != "" {
		return nil, errors.New(problem)
	}
	root, err := openFolder(base)
	if err != nil {
		return nil, errors.New(cause(err))
	}
	defer closeFolder(root)
	if file, err = foldPath(root.FS(), filepath.ToSlash(file)); err != nil {
		return nil, fileCause(err)
	}
	data, err := tree.ReadFileIn(root, file, MaxMSI)
	if err != nil {
		return nil, fileCause(err)
	}
	return data, nil
}

// fileCause is what went wrong with a file, without its path.
func fileCause(err error) error {
	at := (*fs.PathError)(nil)
	odd := (*tree.FileError)(nil)
	switch {
	case errors.As(err, &odd):
		return errors.New(odd.Reason())
	case errors.Is(err, fs.ErrNotExist):
		return errors.New("no such file")
	case errors.As(err, &at):
		return errors.New("not readable: " + at.Err.Error())
	}
	return err
}
