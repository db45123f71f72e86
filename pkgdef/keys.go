package pkgdef

// A Kind is the type of a setting's value.
type Kind int

// The types of settings.
const (
	Bool Kind = iota
	Int
	Text
	Enum
	TextList
	FolderList // a list of maps, each with the keys of Key.Items
)

// A Key describes one setting. From the table of keys come the checks, the
// commented example and the schema of usmtpkg.yaml.
type Key struct {
	Section string
	Name    string
	Kind    Kind
	Min     int      // of an Int its range; of a Text, and of each Text in a list, its length in characters
	Max     int      //
	Unit    string   // of an Int, such as "seconds"
	Values  []string // of an Enum
	Default string   // as it is written in a file; empty: no value
	Example string   // a value to show where there is no default
	Help    string   // one sentence or two, without the range
	Source  string   // where range and default come from
	Flag    string   // the flag that this key is another name for; it is then no part of Settings
	Items   []Key    // of a FolderList

	pattern *pattern
	field   func(*Settings) any      // the address of the field
	item    func(*StorageFolder) any // the address of the field of a folder
}

// Path returns the key as messages name it, such as "capture.mode".
func (k Key) Path() string { return k.Section + "." + k.Name }

// The sources of the table, as they were on 2026-01-28 (cmdlets) and 2020-04-20 (the rest).
const (
	cmdletPages = "https://learn.microsoft.com/powershell/module/configurationmanager/"
	classPages  = "https://learn.microsoft.com/mem/configmgr/develop/reference/osd/"
	smsPage     = "https://learn.microsoft.com/mem/configmgr/apps/deploy-use/package-definition-files"
	smpPage     = "https://learn.microsoft.com/mem/configmgr/osd/get-started/prepare-site-system-roles-for-operating-system-deployments"
	stepsPage   = "https://learn.microsoft.com/mem/configmgr/osd/understand/task-sequence-steps"

	requestClass = classPages + "sms_tasksequence_requeststatestoreaction-server-wmi-class"
	captureClass = classPages + "sms_tasksequence_captureuserstateaction-server-wmi-class"
	restoreClass = classPages + "sms_tasksequence_restoreuserstateaction-server-wmi-class"
	ourLimit     = "the limit is usmtpkg's own, Microsoft documents none"
)

// Limits that more than one row of the table uses.
const (
	maxPercent = 100
	maxListed  = 256 // names in a list, and folders; a bound of ours
	maxText    = 255 // characters of a name whose limit is not documented
)

// Sections returns the names of the sections, in the order of Settings.
func Sections() []string {
	return []string{"package", "capture", "restore", "stateStore", "stateMigrationPoint"}
}

// FindKey returns the key of that name.
func FindKey(section, name string) (Key, bool) {
	for _, k := range Keys() {
		if k.Section == section && k.Name == name {
			return k, true
		}
	}
	return Key{}, false
}

// CheckFlag checks the value of a flag against the range of the key that is another name for it. What is
// wrong is a *SettingError. Of a flag without such a key nothing is known here.
func CheckFlag(flag, text string) error {
	for _, k := range Keys() {
		if k.Flag == flag && k.Kind == Text {
			return k.checkText(k.Path(), text)
		}
	}
	return nil
}

// Keys returns every key, section by section.
func Keys() []Key {
	var all []Key
	for i, keys := range [][]Key{packageKeys(), captureKeys(), restoreKeys(), stateStoreKeys(), smpKeys()} {
		for _, k := range keys {
			k.Section = Sections()[i]
			all = append(all, k)
		}
	}
	return all
}
