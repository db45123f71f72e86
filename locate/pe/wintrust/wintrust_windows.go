package wintrust

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Judge asks Windows about a file. The error is that it could not be asked.
func Judge(path string) (Verdict, error) {
	v, err := judge(path)
	if err != nil {
		return Verdict{}, fmt.Errorf("asking Windows about the signature of %s: %w", path, err)
	}
	return v, nil
}

func judge(path string) (Verdict, error) {
	f, err := os.Open(path)
	if err != nil {
		return Verdict{}, err
	}
	defer func() { _ = f.Close() }()
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return Verdict{}, err
	}
	file := windows.Handle(f.Fd())
	info := &windows.WinTrustFileInfo{FilePath: name, File: file}
	info.Size = uint32(unsafe.Sizeof(*info))
	v, err := verify(windows.WTD_CHOICE_FILE, unsafe.Pointer(info))
	if err != nil {
		return Verdict{}, err
	}
	switch v.Code {
	case noSignature, formUnknown, providerUnknown:
		return byCatalog(v, file, name)
	}
	return v, nil
}

// verify calls WinVerifyTrust for a file or a catalog, whose structure is subject.
func verify(choice uint32, subject unsafe.Pointer) (Verdict, error) {
	data := &windows.WinTrustData{
		UIChoice:                        windows.WTD_UI_NONE,
		RevocationChecks:                windows.WTD_REVOKE_NONE,
		UnionChoice:                     choice,
		FileOrCatalogOrBlobOrSgnrOrCert: subject,
		StateAction:                     windows.WTD_STATEACTION_VERIFY,
		ProvFlags:                       windows.WTD_REVOCATION_CHECK_NONE | windows.WTD_CACHE_ONLY_URL_RETRIEVAL,
	}
	data.Size = uint32(unsafe.Sizeof(*data))
	err := windows.WinVerifyTrustEx(windows.InvalidHWND, &windows.WINTRUST_ACTION_GENERIC_VERIFY_V2, data)
	data.StateAction = windows.WTD_STATEACTION_CLOSE // frees what the answer was found with
	_ = windows.WinVerifyTrustEx(windows.InvalidHWND, &windows.WINTRUST_ACTION_GENERIC_VERIFY_V2, data)
	runtime.KeepAlive(subject)
	if err == nil {
		return Verdict{Trusted: true}, nil
	}
	var code syscall.Errno
	if !errors.As(err, &code) || code < 1<<31 { // no HRESULT of a failure, but a fault such as a missing file
		return Verdict{}, err
	}
	return Verdict{Code: uint32(code)}, nil
}
