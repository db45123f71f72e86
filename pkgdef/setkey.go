package pkgdef

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A pattern is what a text has to look like. The expression is one that JSON
// schemas read as Go does.
type pattern struct {
	expr *regexp.Regexp
	want string
}

var (
	computerName = &pattern{regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$`), "a computer name such as cm01.contoso.com"}
	siteCode     = &pattern{regexp.MustCompile(`^[A-Za-z0-9]{3}$`), "a site code of three letters or digits, such as P01"}
	fileName     = &pattern{regexp.MustCompile(`^[^\\/:*?"<>|]+\.[Xx][Mm][Ll]$`), "the name of an XML file, without a folder"}
	localFolder  = &pattern{regexp.MustCompile(`^[A-Za-z]:\\[^/:*?"<>|;]*$`), `a local path such as D:\USMTStore, without a semicolon`}
	smsText      = &pattern{regexp.MustCompile(`^[!#-&(-~]([ -~]*[!-~])?$`), "printable ASCII that does not begin with a quotation mark"}
	localStore   = &pattern{regexp.MustCompile(`^([A-Za-z]:|%[A-Za-z_][A-Za-z0-9_]*%)(\\[^/:*?"<>|]*)?$`), `a local path such as %_SMSTSUserStatePath% or C:\UserState`}
)

// sourcePath is the form of a path that SourcePath makes one below: a share, a folder of a drive, or,
// as a stand-in, a folder of another system.
var sourcePath = func() *pattern {
	const name = "[^<>:\"/|?*\\[\\]`\\\\]*[^<>:\"/|?*\\[\\]`\\\\ .]"
	return &pattern{regexp.MustCompile(`^(/[^/].*|[A-Za-z]:(\\` + name + `)*\\?|\\\\` + name + `(\\` + name + `)+\\?)$`), `\\server\share\folder or D:\folder`}
}()

// plain is the form of every text: printable characters as Go knows them, no blank at the ends.
var plain = regexp.MustCompile(`^[\p{L}\p{M}\p{N}\p{P}\p{S}]([\p{L}\p{M}\p{N}\p{P}\p{S} ]*[\p{L}\p{M}\p{N}\p{P}\p{S}])?$`)

// A Value is one value of a settings file: a Text, a List of values, or a Map.
type Value struct {
	Text string
	Type ScalarType // of a Text
	List []Value
	Map  []Entry
	Kind ValueKind
}

// A ScalarType says what the file takes a Text for. It must be what the key wants: the file's
// schema says so too.
type ScalarType int

// The types of scalars. BoolScalar has the text true or false, NullScalar none.
const (
	TextScalar ScalarType = iota
	BoolScalar
	NumberScalar
	NullScalar
)

// A ValueKind says which part of a Value counts.
type ValueKind int

// The kinds of values.
const (
	ScalarValue ValueKind = iota
	ListValue
	MapValue
)

// An Entry is one key of a map with its value.
type Entry struct {
	Name  string
	Value Value
}

// Set sets the key section.name to what a file says. What is wrong is a
// *SettingError; contradictions between keys are left to Validate.
func (s *Settings) Set(section, name string, v Value) error {
	k, ok := FindKey(section, name)
	if !ok || k.field == nil {
		return badSetting(section+"."+name, "is not a key of this section; it has %s", strings.Join(KeyNames(section), ", "))
	}
	target := k.field(s)
	if err := k.parse(k.Path(), v, target); err != nil {
		return err
	}
	return k.check(k.Path(), target)
}

// KeyNames returns the names of the keys of a section.
func KeyNames(section string) []string {
	var names []string
	for _, k := range Keys() {
		if k.Section == section {
			names = append(names, k.Name)
		}
	}
	return names
}

// parse reads v into target, the address of the key's field.
func (k Key) parse(path string, v Value, target any) error {
	if v.Kind == ScalarValue && v.Type == NullScalar {
		return badSetting(path, "has no value; give one, or leave the key out")
	}
	switch t := target.(type) {
	case *[]StorageFolder:
		return k.parseFolders(path, v, t)
	case *[]string:
		return k.parseList(path, v, t)
	}
	if v.Kind != ScalarValue {
		return badSetting(path, "found a list or a map, wanted %s", k.want())
	}
	switch t := target.(type) {
	case *bool:
		if v.Type != BoolScalar {
			return badSetting(path, "found %q, wanted %s without quotation marks", v.Text, k.want())
		}
		*t = v.Text == "true"
	case *int:
		n, err := strconv.Atoi(v.Text)
		if err != nil || v.Type != NumberScalar {
			return badSetting(path, "found %q, wanted %s", v.Text, k.want())
		}
		*t = n
	case *string:
		text, err := k.text(path, v)
		if err != nil {
			return err
		}
		*t = text
	}
	return nil
}

// text returns the text of a value that is one: what YAML takes for a number may not be what was written.
func (k Key) text(path string, v Value) (string, error) {
	switch {
	case v.Kind != ScalarValue:
		return "", badSetting(path, "found a list or a map, wanted a text")
	case v.Type == NullScalar:
		return "", badSetting(path, "has no value; give one, or leave the key out")
	case v.Type != TextScalar && k.Kind == Enum:
		return "", badSetting(path, "found %q, wanted %s", v.Text, k.want())
	case v.Type != TextScalar:
		return "", badSetting(path, "%s is not text in YAML; write '%s' with quotation marks", v.Text, v.Text)
	}
	return v.Text, nil
}

// parseList reads a list of texts; a single text is a list of one.
func (k Key) parseList(path string, v Value, target *[]string) error {
	*target = []string{}
	switch v.Kind {
	case MapValue:
		return badSetting(path, "found a map, wanted %s", k.want())
	case ScalarValue:
		text, err := k.text(path, v)
		*target = append(*target, text)
		return err
	case ListValue:
	}
	for i, item := range v.List {
		text, err := k.text(fmt.Sprintf("%s[%d]", path, i), item)
		if err != nil {
			return err
		}
		*target = append(*target, text)
	}
	return nil
}

func (k Key) parseFolders(path string, v Value, target *[]StorageFolder) error {
	*target = []StorageFolder{}
	if v.Kind != ListValue {
		return badSetting(path, "found %s, wanted %s", v.Kind, k.want())
	}
	for i, item := range v.List {
		f, err := k.parseFolder(fmt.Sprintf("%s[%d]", path, i), item)
		if err != nil {
			return err
		}
		*target = append(*target, f)
	}
	return nil
}

func (k Key) parseFolder(path string, v Value) (StorageFolder, error) {
	var f StorageFolder
	if v.Kind != MapValue {
		return f, badSetting(path, "found %s, wanted a map with %s", v.Kind, itemNames(k.Items))
	}
	for _, e := range v.Map {
		i := slices.IndexFunc(k.Items, func(item Key) bool { return item.Name == e.Name })
		if i < 0 {
			return f, badSetting(path+"."+e.Name, "is not a key of a folder; it has %s", itemNames(k.Items))
		}
		if err := k.Items[i].parse(path+"."+e.Name, e.Value, k.Items[i].item(&f)); err != nil {
			return f, err
		}
	}
	for _, item := range k.Items {
		if !slices.ContainsFunc(v.Map, func(e Entry) bool { return e.Name == item.Name }) {
			return f, badSetting(path+"."+item.Name, "found nothing, wanted %s", item.want())
		}
	}
	return f, nil
}

func itemNames(keys []Key) string {
	names := make([]string, len(keys))
	for i, k := range keys {
		names[i] = k.Name
	}
	return strings.Join(names, ", ")
}

func (k ValueKind) String() string {
	return [...]string{"a single value", "a list", "a map"}[k]
}
