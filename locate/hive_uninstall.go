package locate

import (
	"cmp"
	"io"

	"www.velocidex.com/golang/regparser"
)

// Bounds on the reading of uninstall entries, which are many: an ordinary machine has some hundred
// in each view, with ten to thirty values each.
const (
	maxUninstallReads = 1 << 20
	maxUninstallBytes = 64 << 20
)

// readUninstall reads the uninstall entries that are evidence from a SOFTWARE hive. They are read
// apart from the kits roots, so that what is wrong with them keeps nobody from finding USMT.
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
