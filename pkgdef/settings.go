package pkgdef

import (
	"errors"
	"reflect"
)

// Settings is what the emitted scripts are to do at the site, beside what a
// Definition says of the package itself. The sections have the names and keys
// that usmtpkg.yaml and package.json have; Keys describes each of them.
type Settings struct {
	Package             PackageSettings             `json:"package"`
	Capture             CaptureSettings             `json:"capture"`
	Restore             RestoreSettings             `json:"restore"`
	StateStore          StateStoreSettings          `json:"stateStore"`
	StateMigrationPoint StateMigrationPointSettings `json:"stateMigrationPoint"`
}

// PackageSettings are the defaults of Publish-UsmtPackage.ps1, each of which a
// parameter of the script overrules.
type PackageSettings struct {
	DistributionPointGroups []string `json:"distributionPointGroups"`
	DistributionPoints      []string `json:"distributionPoints"`
	TaskSequences           []string `json:"taskSequences"`
	Wait                    bool     `json:"wait"`
	TimeoutMinutes          int      `json:"timeoutMinutes"`
	Validate                bool     `json:"validate"`
}

// CaptureSettings are those of the Capture User State step.
type CaptureSettings struct {
	Mode                  string   `json:"mode"`
	ConfigFiles           []string `json:"configFiles"`
	FileAccess            string   `json:"fileAccess"`
	ContinueOnLockedFiles bool     `json:"continueOnLockedFiles"`
	HardLinks             bool     `json:"hardLinks"`
	Offline               bool     `json:"offline"`
	SkipEncryptedFiles    bool     `json:"skipEncryptedFiles"`
	VerboseLogging        bool     `json:"verboseLogging"`
	ContinueOnError       bool     `json:"continueOnError"`
}

// RestoreSettings are those of the Restore User State step. The password of
// restored local accounts is never a setting: the script asks for it.
type RestoreSettings struct {
	Mode            string   `json:"mode"`
	ConfigFiles     []string `json:"configFiles"`
	ContinueOnFiles bool     `json:"continueOnFiles"`
	LocalAccounts   bool     `json:"localAccounts"`
	VerboseLogging  bool     `json:"verboseLogging"`
	ContinueOnError bool     `json:"continueOnError"`
}

// StateStoreSettings are those of the Request State Store steps, or the folder
// on the computer itself that takes the place of a state migration point.
type StateStoreSettings struct {
	SMPRetryCount           int    `json:"smpRetryCount"`
	SMPRetryTime            int    `json:"smpRetryTime"` // seconds
	FallbackToAccessAccount bool   `json:"fallbackToNetworkAccessAccount"`
	LocalPath               string `json:"localPath"` // empty: a state migration point is asked for
}

// StateMigrationPointSettings are those of the site system role. Without a
// server there is none to be installed.
type StateMigrationPointSettings struct {
	Server          string          `json:"server"`
	SiteCode        string          `json:"siteCode"`
	Folders         []StorageFolder `json:"folders"`
	DeleteAfter     int             `json:"deleteAfter"` // 0: immediately
	DeleteAfterUnit string          `json:"deleteAfterUnit"`
	RestoreOnly     bool            `json:"restoreOnly"`
	BoundaryGroups  []string        `json:"boundaryGroups"`
}

// A StorageFolder is one place where a state migration point keeps user state.
type StorageFolder struct {
	Path             string `json:"path"`
	MaxClients       int    `json:"maxClients"`
	MinFreeSpace     int    `json:"minFreeSpace"`
	MinFreeSpaceUnit string `json:"minFreeSpaceUnit"`
}

// The values of capture.mode and restore.mode, of capture.fileAccess, and the
// units of the state migration point.
const (
	ModeStandard  = "standard"
	ModeCustomize = "customize"

	FileAccessNormal = "normal"
	FileAccessVSS    = "vss"

	UnitHours = "hours"
	UnitDays  = "days"

	UnitMegabyte = "megabyte"
	UnitGigabyte = "gigabyte"
	UnitPercent  = "percent"
)

// DefaultSettings returns the settings in which every key has its default.
func DefaultSettings() Settings {
	var s Settings
	for _, k := range Keys() {
		if k.field != nil {
			k.setDefault(k.field(&s))
		}
	}
	return s
}

// isZero reports whether nothing was set, not even by DefaultSettings.
func (s Settings) isZero() bool { return reflect.ValueOf(s).IsZero() }

// withLists returns s with an empty list for every one that is missing, so that
// the same settings have the same JSON.
func (s Settings) withLists() Settings {
	for _, k := range Keys() {
		if k.field == nil {
			continue
		}
		switch list := k.field(&s).(type) {
		case *[]string:
			if *list == nil {
				*list = []string{}
			}
		case *[]StorageFolder:
			if *list == nil {
				*list = []StorageFolder{}
			}
		}
	}
	return s
}

// A SettingError says what is wrong with one key of the settings.
type SettingError struct {
	Key     string // such as "capture.mode" or "stateMigrationPoint.folders[0].path"
	Problem string // with the value found and those allowed
}

func (e *SettingError) Error() string { return e.Key + ": " + e.Problem }

// Validate returns a *SettingError for every key that is wrong, joined: those out
// of range, and those that contradict another.
func (s Settings) Validate() error {
	var errs []error
	for _, k := range Keys() {
		if k.field != nil {
			errs = append(errs, k.check(k.Path(), k.field(&s)))
		}
	}
	errs = append(errs, s.Capture.errors()...)
	errs = append(errs, configFiles("restore", s.Restore.Mode, s.Restore.ConfigFiles))
	return errors.Join(append(errs, s.StateMigrationPoint.errors()...)...)
}

// errors returns what contradicts something else in the step. The cmdlet takes
// the three switches with normal file access only.
// Source: https://learn.microsoft.com/powershell/module/configurationmanager/new-cmtsstepcaptureuserstate
func (c CaptureSettings) errors() []error {
	errs := []error{configFiles("capture", c.Mode, c.ConfigFiles)}
	if c.FileAccess != FileAccessVSS {
		return errs
	}
	for _, option := range []struct {
		name string
		set  bool
	}{{"hardLinks", c.HardLinks}, {"offline", c.Offline}} {
		if option.set {
			errs = append(errs, badSetting("capture."+option.name, "found true, which goes with capture.fileAccess normal only"))
		}
	}
	return errs
}

// configFiles refuses a list of files that the step would not look at, and a
// customized step without one.
func configFiles(section, mode string, files []string) error {
	switch {
	case mode == ModeCustomize && len(files) == 0:
		return badSetting(section+".configFiles", "found nothing, wanted the migration XML files, because %s.mode is customize", section)
	case mode == ModeStandard && len(files) > 0:
		return badSetting(section+".configFiles", "found %q, which goes with %s.mode customize only", files, section)
	}
	return nil
}

// errors returns what is missing or contradicts something else in the role.
func (p StateMigrationPointSettings) errors() []error {
	var errs []error
	const section = "stateMigrationPoint."
	if p.Server != "" && len(p.Folders) == 0 {
		errs = append(errs, badSetting(section+"folders", "found nothing, wanted at least one folder, because stateMigrationPoint.server is set"))
	}
	if p.Server == "" && (len(p.Folders) > 0 || len(p.BoundaryGroups) > 0 || p.SiteCode != "") {
		errs = append(errs, badSetting(section+"server", "found nothing, wanted the name of the site system server, because other keys of the section are set"))
	}
	for i, f := range p.Folders {
		if f.MinFreeSpaceUnit == UnitPercent && f.MinFreeSpace > maxPercent {
			errs = append(errs, badSetting(folderPath(i, "minFreeSpace"), "found %d, wanted 1 to %d, because the unit is percent", f.MinFreeSpace, maxPercent))
		}
	}
	return errs
}
