package pkgdef

import (
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// scalar is a value as YAML reads it without quotation marks.
func scalar(s string) Value {
	v := Value{Text: s}
	if _, err := strconv.Atoi(s); err == nil {
		v.Type = NumberScalar
	}
	if s == "true" || s == "false" {
		v.Type = BoolScalar
	}
	return v
}

func list(texts ...string) Value {
	v := Value{Kind: ListValue}
	for _, t := range texts {
		v.List = append(v.List, scalar(t))
	}
	return v
}

// folder is a list of one storage folder with the keys and values given.
func folder(pairs ...string) Value {
	m := Value{Kind: MapValue}
	for i := 0; i < len(pairs); i += 2 {
		m.Map = append(m.Map, Entry{pairs[i], scalar(pairs[i+1])})
	}
	return Value{Kind: ListValue, List: []Value{m}}
}

// oddSettings differ from the defaults in every key that has one, and have names
// full of what PowerShell could misread.
func oddSettings() Settings {
	const odd = "O'Brien \u2018$(x)\u2019 \u201a\u201b \u201cy\u201d `a` [1] \"{0}\" M\u00fcller #> @{"
	return Settings{
		Package: PackageSettings{
			DistributionPointGroups: []string{odd, "All DPs"}, DistributionPoints: []string{"dp01.contoso.com"},
			TaskSequences: []string{odd, "P0100123"}, Wait: true, TimeoutMinutes: 90, Validate: true,
		},
		Capture: CaptureSettings{
			Mode: ModeCustomize, ConfigFiles: []string{"MigApp.xml", "M\u00fcller's $x `[1]\u2019.xml"}, FileAccess: FileAccessNormal,
			HardLinks: true, Offline: true, SkipEncryptedFiles: true, VerboseLogging: true, ContinueOnError: true,
		},
		Restore: RestoreSettings{
			Mode: ModeCustomize, ConfigFiles: []string{"MigApp.xml", "M\u00fcller's $x `[1]\u2019.xml"},
			LocalAccounts: true, VerboseLogging: true, ContinueOnError: true,
		},
		StateStore: StateStoreSettings{SMPRetryTime: 600, FallbackToAccessAccount: true, LocalPath: `%_SMSTSUserStatePath%\it's $x`},
		StateMigrationPoint: StateMigrationPointSettings{
			Server: "smp01.contoso.com", SiteCode: "S01", DeleteAfter: 12, DeleteAfterUnit: UnitHours, RestoreOnly: true,
			Folders: []StorageFolder{
				{`D:\it's`, 100, 10, UnitPercent},
				{"E:\\M\u00fcller\u2019s `x $y [1]", 99999, 99999, UnitGigabyte},
			},
			BoundaryGroups: []string{odd},
		},
	}
}

func TestDefaultSettings(t *testing.T) {
	got := DefaultSettings()
	none := []string{}
	want := Settings{
		Package:    PackageSettings{DistributionPointGroups: none, DistributionPoints: none, TaskSequences: none, TimeoutMinutes: 60},
		Capture:    CaptureSettings{Mode: "standard", ConfigFiles: none, FileAccess: "normal", ContinueOnLockedFiles: true},
		Restore:    RestoreSettings{Mode: "standard", ConfigFiles: none, ContinueOnFiles: true},
		StateStore: StateStoreSettings{SMPRetryCount: 3, SMPRetryTime: 60},
		StateMigrationPoint: StateMigrationPointSettings{
			Folders: []StorageFolder{}, DeleteAfter: 1, DeleteAfterUnit: "days", BoundaryGroups: none,
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("DefaultSettings (-want +got):\n%s", diff)
	}
	if err := got.Validate(); err != nil {
		t.Errorf("Validate = %v, want nil", err)
	}
}

// Every field of Settings belongs to exactly one key, which has its name.
func TestKeysCoverSettings(t *testing.T) {
	var s Settings
	fields := map[any]string{}
	top := reflect.ValueOf(&s).Elem()
	for i := range top.NumField() {
		section := top.Type().Field(i).Tag.Get("json")
		if section != Sections()[i] {
			t.Errorf("section %d is %q, want %q", i, section, Sections()[i])
		}
		for j := range top.Field(i).NumField() {
			name := top.Field(i).Type().Field(j).Tag.Get("json")
			fields[top.Field(i).Field(j).Addr().Interface()] = section + "." + name
		}
	}
	for _, k := range Keys() {
		if (k.field == nil) != (k.Flag != "") {
			t.Errorf("%s has a flag and a field, or neither", k.Path())
		}
		if k.field == nil {
			continue
		}
		if got := fields[k.field(&s)]; got != k.Path() {
			t.Errorf("key %s sets the field of %q", k.Path(), got)
		}
		delete(fields, k.field(&s))
	}
	for _, name := range fields {
		t.Errorf("no key sets %s", name)
	}
}

// Every key says what it is for, where its range comes from, and has a default
// of its own range or an example.
func TestKeysAreWhole(t *testing.T) {
	for _, k := range Keys() {
		if k.Help == "" || !strings.HasSuffix(k.Help, ".") || k.Source == "" && k.Name != "path" {
			t.Errorf("%s: help %q, source %q", k.Path(), k.Help, k.Source)
		}
		if k.Default == "" && k.Example == "" && k.Kind != FolderList {
			t.Errorf("%s has neither default nor example", k.Path())
		}
		if k.Kind == Int && k.Unit == "" && k.Name != "deleteAfter" {
			t.Errorf("%s has no unit", k.Path())
		}
		if k.Default != "" {
			s := DefaultSettings()
			if err := s.Set(k.Section, k.Name, scalar(k.Default)); err != nil {
				t.Errorf("the default of %s: %v", k.Path(), err)
			}
		}
	}
}

// Both ends of every range are taken, and what lies beyond is not.
func TestRangesOfNumbers(t *testing.T) {
	want := map[string][2]int{
		"package.timeoutMinutes": {1, 10080}, "stateStore.smpRetryCount": {0, 30}, "stateStore.smpRetryTime": {0, 600},
		"stateMigrationPoint.deleteAfter": {0, 9999},
	}
	for _, k := range Keys() {
		if k.Kind != Int {
			continue
		}
		ends, ok := want[k.Path()]
		if !ok || k.Min != ends[0] || k.Max != ends[1] {
			t.Errorf("%s: range %d to %d, want %v", k.Path(), k.Min, k.Max, ends)
		}
		for _, n := range []int{k.Min, k.Max} {
			s := DefaultSettings()
			if err := s.Set(k.Section, k.Name, scalar(fmt.Sprint(n))); err != nil || *k.field(&s).(*int) != n {
				t.Errorf("Set(%s, %d) = %v, value %d", k.Path(), n, err, *k.field(&s).(*int))
			}
		}
		for _, text := range []string{fmt.Sprint(k.Min - 1), fmt.Sprint(k.Max + 1), "x", "", "1.5", "99999999999999999999"} {
			s := DefaultSettings()
			err := s.Set(k.Section, k.Name, scalar(text))
			if err == nil || !strings.HasPrefix(err.Error(), k.Path()+": ") || !strings.Contains(err.Error(), fmt.Sprintf("%d to %d", k.Min, k.Max)) ||
				!strings.Contains(err.Error(), text) {
				t.Errorf("Set(%s, %q) = %v, want an error with key, value and range", k.Path(), text, err)
			}
		}
		delete(want, k.Path())
	}
	if len(want) > 0 {
		t.Errorf("these keys are no numbers: %v", want)
	}
}

func TestRangesOfWords(t *testing.T) {
	for _, k := range Keys() {
		if k.field == nil || k.Kind != Enum && k.Kind != Bool {
			continue
		}
		values := k.Values
		if k.Kind == Bool {
			values = []string{"true", "false"}
		}
		for _, v := range values {
			s := DefaultSettings()
			if err := s.Set(k.Section, k.Name, scalar(v)); err != nil {
				t.Errorf("Set(%s, %q) = %v", k.Path(), v, err)
			}
		}
		for _, v := range []string{"nonsense", "", strings.ToUpper(values[0]), "1"} {
			s := DefaultSettings()
			err := s.Set(k.Section, k.Name, scalar(v))
			if err == nil || !strings.Contains(err.Error(), k.Path()+": found "+fmt.Sprintf("%q", v)) || !strings.Contains(err.Error(), values[len(values)-1]) {
				t.Errorf("Set(%s, %q) = %v, want an error with key, value and range", k.Path(), v, err)
			}
		}
	}
}

func TestSetRefuses(t *testing.T) {
	whole := []string{"path", `D:\S`, "maxClients", "100", "minFreeSpace", "10", "minFreeSpaceUnit", "percent"}
	with := func(i int, value string) Value {
		pairs := append([]string{}, whole...)
		pairs[i] = value
		return folder(pairs...)
	}
	tests := []struct {
		section, name string
		value         Value
		want          string // "" for none
	}{
		{"capture", "configFiles", list("MigApp.xml", "Custom \u00e4'$`[].XML"), ""},
		{"capture", "configFiles", scalar("MigApp.xml"), ""},
		{"capture", "configFiles", list(`amd64\MigApp.xml`), "capture.configFiles[0]: found \"amd64\\\\MigApp.xml\", wanted the name of an XML file, without a folder"},
		{"capture", "configFiles", list("MigApp.txt"), `capture.configFiles[0]: found "MigApp.txt", wanted the name of an XML file`},
		{"capture", "configFiles", list("a.xml", "a.xml"), `capture.configFiles[1]: found "a.xml" a second time`},
		{"capture", "configFiles", list("a.xml", "A.XML"), ""}, // for Lint
		{"capture", "configFiles", Value{Type: NullScalar}, "capture.configFiles: has no value; give one, or leave the key out"},
		{"capture", "configFiles", scalar("1"), "capture.configFiles: 1 is not text in YAML; write '1' with quotation marks"},
		{"capture", "configFiles", Value{Kind: ListValue, List: []Value{{Type: NullScalar}}}, "capture.configFiles[0]: has no value"},
		{"capture", "mode", Value{Type: NullScalar}, "capture.mode: has no value"},
		{"capture", "offline", Value{Text: "true"}, `capture.offline: found "true", wanted true or false without quotation marks`},
		{"stateStore", "smpRetryCount", Value{Text: "3"}, `stateStore.smpRetryCount: found "3", wanted 0 to 30 times`},
		{"stateMigrationPoint", "siteCode", scalar("100"), "stateMigrationPoint.siteCode: 100 is not text in YAML"},
		{"capture", "configFiles", Value{Kind: MapValue}, "capture.configFiles: found a map"},
		{"capture", "configFiles", Value{Kind: ListValue, List: []Value{list("a.xml")}}, "capture.configFiles[0]: found a list or a map, wanted a text"},
		{"capture", "mode", list("standard"), "capture.mode: found a list or a map, wanted standard or customize"},
		{"capture", "timeout", scalar("1"), "capture.timeout: is not a key of this section; it has mode, configFiles"},
		{"package", "name", scalar("x"), "package.name: is not a key of this section"},
		{"nonsense", "name", scalar("x"), "nonsense.name: is not a key"},
		{"package", "distributionPointGroups", list("O'Brien \u2018$(x)\u2019 `a [1] M\u00fcller"), ""},
		{"package", "distributionPointGroups", list("a\nb"), `package.distributionPointGroups[0]: found "a\nb", wanted printable characters only`},
		{"package", "distributionPointGroups", list(" a"), `package.distributionPointGroups[0]: found " a", wanted it without leading or trailing blanks`},
		{"package", "distributionPointGroups", list(""), "wanted a list of texts of 1 to 255 characters"},
		{"package", "distributionPointGroups", list(strings.Repeat("\u00e4", 255)), ""},
		{"package", "distributionPointGroups", list(strings.Repeat("a", 256)), "which is 256 characters long, wanted a list of texts of 1 to 255 characters"},
		{"package", "taskSequences", list("\xff"), "is not UTF-8"},
		{"package", "distributionPoints", list("dp01.contoso.com"), ""},
		{"package", "distributionPoints", list(`\\dp01`), "wanted a computer name"},
		{"stateMigrationPoint", "server", scalar("smp01"), ""},
		{"stateMigrationPoint", "server", scalar("smp01."), "stateMigrationPoint.server: found \"smp01.\", wanted a computer name"},
		{"stateMigrationPoint", "siteCode", scalar("P01"), ""},
		{"stateMigrationPoint", "siteCode", scalar("P012"), "wanted a text of 0 to 3 characters"},
		{"stateMigrationPoint", "siteCode", scalar("P-1"), "wanted a site code"},
		{"stateStore", "localPath", scalar("%_SMSTSUserStatePath%"), ""},
		{"stateStore", "localPath", scalar(`C:\UserState`), ""},
		{"stateStore", "localPath", scalar(`\\srv\share`), "wanted a local path"},
		{"stateMigrationPoint", "folders", folder(whole...), ""},
		{"stateMigrationPoint", "folders", with(1, `\\srv\share`), `stateMigrationPoint.folders[0].path: found "\\\\srv\\share", wanted a local path`},
		{"stateMigrationPoint", "folders", with(1, `D:\a;MaxClients=1`), "without a semicolon"},
		{"stateMigrationPoint", "folders", with(3, "1"), ""},
		{"stateMigrationPoint", "folders", with(3, "99999"), ""},
		{"stateMigrationPoint", "folders", with(3, "0"), "stateMigrationPoint.folders[0].maxClients: found 0, wanted 1 to 99999 clients"},
		{"stateMigrationPoint", "folders", with(3, "100000"), "stateMigrationPoint.folders[0].maxClients: found 100000, wanted 1 to 99999 clients"},
		{"stateMigrationPoint", "folders", with(5, "0"), "stateMigrationPoint.folders[0].minFreeSpace: found 0, wanted 1 to 99999"},
		{"stateMigrationPoint", "folders", with(5, "100000"), "stateMigrationPoint.folders[0].minFreeSpace: found 100000, wanted 1 to 99999"},
		{"stateMigrationPoint", "folders", with(7, "MB"), `stateMigrationPoint.folders[0].minFreeSpaceUnit: found "MB", wanted megabyte, gigabyte or percent`},
		{"stateMigrationPoint", "folders", with(6, "unit"), "stateMigrationPoint.folders[0].unit: is not a key of a folder"},
		{"stateMigrationPoint", "folders", folder(whole[:6]...), "stateMigrationPoint.folders[0].minFreeSpaceUnit: found nothing, wanted megabyte, gigabyte or percent"},
		{"stateMigrationPoint", "folders", list(`D:\S`), "stateMigrationPoint.folders[0]: found a single value, wanted a map with path, maxClients"},
		{"stateMigrationPoint", "folders", scalar(`D:\S`), "stateMigrationPoint.folders: found a single value, wanted a list of maps"},
		{"stateMigrationPoint", "folders", scalar(""), "stateMigrationPoint.folders: found a single value, wanted a list of maps"},
	}
	for _, tt := range tests {
		s := DefaultSettings()
		err := s.Set(tt.section, tt.name, tt.value)
		switch {
		case tt.want == "" && err != nil:
			t.Errorf("Set(%s.%s, %v) = %v, want nil", tt.section, tt.name, tt.value, err)
		case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("Set(%s.%s, %v) = %v, want %q", tt.section, tt.name, tt.value, err, tt.want)
		}
	}
}

// What Set does not see since it spans keys.
func TestSettingsValidate(t *testing.T) {
	smp := func(s *Settings) {
		s.StateMigrationPoint.Server = "smp01"
		s.StateMigrationPoint.Folders = []StorageFolder{{`D:\S`, 100, 100, UnitPercent}}
	}
	tests := []struct {
		name string
		edit func(*Settings)
		want string
	}{
		{"customize", func(s *Settings) { s.Capture.Mode, s.Capture.ConfigFiles = ModeCustomize, []string{"a.xml"} }, ""},
		{"customize without files", func(s *Settings) { s.Restore.Mode = ModeCustomize }, "restore.configFiles: found nothing, wanted the migration XML files"},
		{"files without customize", func(s *Settings) { s.Capture.ConfigFiles = []string{"a.xml"} }, `capture.configFiles: found ["a.xml"], which goes with capture.mode customize only`},
		{"links and shadow copies", func(s *Settings) { s.Capture.FileAccess, s.Capture.HardLinks = FileAccessVSS, true }, "capture.hardLinks: found true, which goes with capture.fileAccess normal only"},
		{"offline and shadow copies", func(s *Settings) { s.Capture.FileAccess, s.Capture.Offline = FileAccessVSS, true }, "capture.offline: found true"},
		{"shadow copies", func(s *Settings) { s.Capture.FileAccess = FileAccessVSS }, ""},
		{"role", smp, ""},
		{"role without folders", func(s *Settings) { s.StateMigrationPoint.Server = "a" }, "stateMigrationPoint.folders: found nothing"},
		{"folders without role", func(s *Settings) { smp(s); s.StateMigrationPoint.Server = "" }, "stateMigrationPoint.server: found nothing"},
		{"boundary groups without role", func(s *Settings) { s.StateMigrationPoint.BoundaryGroups = []string{"a"} }, "stateMigrationPoint.server: found nothing"},
		{"percent", func(s *Settings) { smp(s); s.StateMigrationPoint.Folders[0].MinFreeSpace = 101 }, "stateMigrationPoint.folders[0].minFreeSpace: found 101, wanted 1 to 100, because the unit is percent"},
		{"101 MB", func(s *Settings) {
			smp(s)
			s.StateMigrationPoint.Folders[0] = StorageFolder{`D:\`, 1, 101, UnitMegabyte}
		}, ""},
		{"out of range", func(s *Settings) { s.StateStore.SMPRetryCount = 31 }, "stateStore.smpRetryCount: found 31, wanted 0 to 30 times"},
		{"bad item", func(s *Settings) { smp(s); s.StateMigrationPoint.Folders[0].MaxClients = 0 }, "stateMigrationPoint.folders[0].maxClients: found 0"},
		{"too many names", func(s *Settings) { s.Package.TaskSequences = make([]string, 257) }, "package.taskSequences: found 257 names, wanted at most 256"},
		{"nobody's", func(s *Settings) { *s = Settings{} }, "capture.mode: found"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := DefaultSettings()
			tt.edit(&s)
			err := s.Validate()
			if tt.want == "" {
				if err != nil {
					t.Errorf("Validate = %v, want nil", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !errors.As(err, new(*SettingError)) {
				t.Errorf("Validate = %v, want %q", err, tt.want)
			}
		})
	}
}

func TestWriteExampleGolden(t *testing.T) {
	var b strings.Builder
	if err := WriteExample(&b); err != nil {
		t.Fatal(err)
	}
	golden(t, "usmtpkg.yaml", []byte(b.String()))
}
