package locate

import (
	"errors"
	"testing"

	"golang.org/x/sys/windows/registry"
)

// TestMachineKitsRoots compares what is read with the registry as it is: kits
// may or may not be installed.
func TestMachineKitsRoots(t *testing.T) {
	views := map[string]uint32{"64-bit view": registry.WOW64_64KEY, "32-bit view": registry.WOW64_32KEY}
	seen := map[string]bool{}
	for _, k := range machineKitsRoots() {
		access, ok := views[k.View]
		if !ok {
			t.Errorf("View = %q, want one of the two", k.View)
		}
		seen[k.View] = true
		key, err := registry.OpenKey(registry.LOCAL_MACHINE, `SOFTWARE\Microsoft\Windows Kits\Installed Roots`, registry.QUERY_VALUE|access)
		if errors.Is(err, registry.ErrNotExist) {
			if k.Name != "" || k.Problem != noKey {
				t.Errorf("KitsRoot = %+v, want %q", k, noKey)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if k.Name != "" {
			if want, _, err := key.GetStringValue(k.Name); k.Value != want || (err == nil) != (k.Problem == "") {
				t.Errorf("KitsRoot = %+v, want value %q, %v", k, want, err)
			}
		}
		if err := key.Close(); err != nil {
			t.Error(err)
		}
	}
	if len(seen) != 2 {
		t.Errorf("views = %v, want both", seen)
	}
}

// TestMachineCached takes what the registry has: parts of USMT may or may not be installed.
func TestMachineCached(t *testing.T) {
	for _, c := range machineCached() {
		if !isUSMTProduct(c.Product) {
			t.Errorf("cached = %+v, want a part of USMT", c)
		}
	}
}
