package locate

import (
	"cmp"
	"io"
	"strings"

	"www.velocidex.com/golang/regparser"
)

// Bounds on the reading of uninstall entries, which are many: an ordinary machine has some hundred
// in each view, with ten to thirty values each.
const (
	maxUninstallReads = 1 << 20
	maxUninstallBytes = 64 << 20
)

// readUninstall reads the uninstall entries that are evidence from a SOFTWARE hive. They are read
// apart from the kits roots, so that a fault in them does not prevent finding USMT.
func readUninstall(r io.ReaderAt, size int64) (entries []UninstallEntry, err error) {
	err = parseHive(r, size, maxUninstallReads, maxUninstallBytes, func(hive *regparser.Registry) {
		for _, view := range hiveViews {
			entries = append(entries, hiveUninstall(hive, view.name, view.prefix)...)
		}
	})
	if err != nil {
		return nil, err
	}
	return entries, nil
}

// readCachedMSIs reads which packages of USMT Windows Installer keeps from a SOFTWARE hive, apart from the
// rest for the same reason.
func readCachedMSIs(r io.ReaderAt, size int64) (list []CachedMSI) {
	err := parseHive(r, size, maxUninstallReads, maxUninstallBytes, func(hive *regparser.Registry) {
		if key := hive.OpenKey(installerProducts); key != nil {
			list = hiveCached(key)
		}
	})
	if err != nil {
		return []CachedMSI{unreadableCache(err)}
	}
	return list
}

func hiveCached(products *regparser.CM_KEY_NODE) (list []CachedMSI) {
	for _, product := range products.Subkeys() {
		for _, properties := range product.Subkeys() {
			name := hiveValue(properties, "DisplayName")
			if !strings.EqualFold(properties.Name(), installerProperties) || name == nil || !isUSMTProduct(name.Value) {
				continue
			}
			c := CachedMSI{Product: name.Value}
			if at := hiveValue(properties, "LocalPackage"); at != nil {
				c.Path, c.Problem = at.Value, at.Problem
			}
			list = append(list, c)
		}
	}
	return list
}

func hiveUninstall(hive *regparser.Registry, view, prefix string) []UninstallEntry {
	key := hive.OpenKey(prefix + uninstallKey)
	if key == nil {
		return nil
	}
	var entries []UninstallEntry
	for _, product := range key.Subkeys() {
		u := UninstallEntry{View: view, Key: product.Name()}
		if name := hiveValue(product, "DisplayName"); name != nil {
			u.Name, u.Problem = name.Value, name.Problem
		}
		if u.kind() == "" {
			continue
		}
		if version := hiveValue(product, "DisplayVersion"); version != nil {
			u.Version, u.Problem = version.Value, cmp.Or(u.Problem, version.Problem)
		}
		entries = append(entries, u)
	}
	return entries
}
