package wintrust

import (
	"fmt"
	"runtime"
	"unsafe"

	"golang.org/x/sys/windows"
)

// catalogInfo is CATALOG_INFO of mscat.h.
type catalogInfo struct {
	size uint32
	file [windows.MAX_PATH]uint16
}

// catalogSubject is WINTRUST_CATALOG_INFO of wintrust.h, since Windows 8.
type catalogSubject struct {
	size        uint32
	version     uint32
	catalog     *uint16
	memberTag   *uint16
	memberPath  *uint16
	memberFile  windows.Handle
	hash        *byte
	hashSize    uint32
	ctl         uintptr
	adminHandle uintptr
}

// catalogs are the functions of wintrust.dll that find a catalog.
type catalogs struct {
	acquire, release, calculate, enumerate, info, releaseOne *windows.LazyProc
}

func loadCatalogs() (catalogs, error) {
	dll := windows.NewLazySystemDLL("wintrust.dll")
	c := catalogs{
		acquire:    dll.NewProc("CryptCATAdminAcquireContext2"),
		release:    dll.NewProc("CryptCATAdminReleaseContext"),
		calculate:  dll.NewProc("CryptCATAdminCalcHashFromFileHandle2"),
		enumerate:  dll.NewProc("CryptCATAdminEnumCatalogFromHash"),
		info:       dll.NewProc("CryptCATCatalogInfoFromContext"),
		releaseOne: dll.NewProc("CryptCATAdminReleaseCatalogContext"),
	}
	for _, p := range []*windows.LazyProc{c.acquire, c.release, c.calculate, c.enumerate, c.info, c.releaseOne} {
		if err := p.Find(); err != nil {
			return c, err
		}
	}
	return c, nil
}

// byCatalog looks for a catalog that lists the file, whose own signature gave
// the answer v. Catalogs list digests of one hash function or the other.
func byCatalog(v Verdict, file windows.Handle, name *uint16) (Verdict, error) {
	c, err := loadCatalogs()
	if err != nil {
		v.Note = fmt.Sprintf("catalogs not looked at: %v", err)
		return v, nil
	}
	for _, algorithm := range []string{"SHA256", "SHA1"} {
		found, ok, err := c.look(algorithm, file, name)
		switch {
		case err != nil:
			v.Note = fmt.Sprintf("catalogs by %s not looked at: %v", algorithm, err)
		case ok:
			return found, nil
		}
	}
	return v, nil
}

// look looks for a catalog that lists the file's digest, and asks about the
// first: Windows does the same.
func (c catalogs) look(algorithm string, file windows.Handle, name *uint16) (v Verdict, ok bool, err error) {
	wide, err := windows.UTF16PtrFromString(algorithm)
	if err != nil {
		return v, false, err
	}
	var admin uintptr
	if r, _, err := c.acquire.Call(uintptr(unsafe.Pointer(&admin)), 0, uintptr(unsafe.Pointer(wide)), 0, 0); r == 0 {
		return v, false, err
	}
	defer func() { _, _, _ = c.release.Call(admin, 0) }()

	var hash [64]byte
	size := uint32(len(hash))
	r, _, err := c.calculate.Call(admin, uintptr(file), uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&hash[0])), 0)
	if r == 0 {
		return v, false, err
	}
	catalog, _, _ := c.enumerate.Call(admin, uintptr(unsafe.Pointer(&hash[0])), uintptr(size), 0, 0)
	if catalog == 0 {
		return v, false, nil
	}
	defer func() { _, _, _ = c.releaseOne.Call(admin, catalog, 0) }()
	info := new(catalogInfo)
	info.size = uint32(unsafe.Sizeof(*info))
	if r, _, err := c.info.Call(catalog, uintptr(unsafe.Pointer(info)), 0); r == 0 {
		return v, false, err
	}
	tag, err := windows.UTF16PtrFromString(fmt.Sprintf("%X", hash[:size]))
	if err != nil {
		return v, false, err
	}
	subject := &catalogSubject{
		catalog: &info.file[0], memberTag: tag, memberPath: name, memberFile: file,
		hash: &hash[0], hashSize: size, adminHandle: admin,
	}
	subject.size = uint32(unsafe.Sizeof(*subject))
	v, err = verify(windows.WTD_CHOICE_CATALOG, unsafe.Pointer(subject))
	runtime.KeepAlive(info)
	v.Catalog = windows.UTF16ToString(info.file[:])
	return v, err == nil, err
}
