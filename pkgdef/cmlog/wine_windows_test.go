package cmlog

import "golang.org/x/sys/windows"

// underWine reports whether this is no Windows.
func underWine() bool {
	return windows.NewLazySystemDLL("ntdll.dll").NewProc("wine_get_version").Find() == nil
}
