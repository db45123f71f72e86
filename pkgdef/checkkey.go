package pkgdef

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"usmtpkg/locate/winname"
)

// check checks the value at target against the key's range.
func (k Key) check(path string, target any) error {
	switch t := target.(type) {
	case *int:
		if *t < k.Min || *t > k.Max {
			return badSetting(path, "found %d, wanted %s", *t, k.want())
		}
	case *string:
		if k.Kind == Enum {
			if !slices.Contains(k.Values, *t) {
				return badSetting(path, "found %q, wanted %s", *t, k.want())
			}
			return nil
		}
		return k.checkText(path, *t)
	case *[]string:
		if len(*t) > maxListed {
			return badSetting(path, "found %d names, wanted at most %d", len(*t), maxListed)
		}
		for i, text := range *t {
			if err := k.checkText(fmt.Sprintf("%s[%d]", path, i), text); err != nil {
				return err
			}
			if slices.Contains((*t)[:i], text) {
				return badSetting(fmt.Sprintf("%s[%d]", path, i), "found %q a second time, wanted it once", text)
			}
		}
	case *[]StorageFolder:
		return k.checkFolders(path, *t)
	}
	return nil
}

func (k Key) checkFolders(path string, folders []StorageFolder) error {
	if len(folders) > maxListed {
		return badSetting(path, "found %d folders, wanted at most %d", len(folders), maxListed)
	}
	for i := range folders {
		for _, item := range k.Items {
			if err := item.check(fmt.Sprintf("%s[%d].%s", path, i, item.Name), item.item(&folders[i])); err != nil {
				return err
			}
		}
	}
	return nil
}

// checkText refuses a text that is too long or short, is not of the form wanted,
// or would not be seen as it is.
func (k Key) checkText(path, text string) error {
	n := utf8.RuneCountInString(text)
	switch {
	case !utf8.ValidString(text):
		return badSetting(path, "%q is not UTF-8", text)
	case n < k.Min || n > k.Max:
		return badSetting(path, "found %q, which is %d characters long, wanted %s", text, n, k.want())
	case text == "":
		return nil
	case strings.IndexFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0:
		return badSetting(path, "found %q, wanted printable characters only", text)
	case strings.TrimSpace(text) != text:
		return badSetting(path, "found %q, wanted it without leading or trailing blanks", text)
	case k.pattern != nil && !k.pattern.expr.MatchString(text):
		return badSetting(path, "found %q, wanted %s", text, k.pattern.want)
	}
	return nil
}

// want says in words which values the key takes.
func (k Key) want() string {
	switch k.Kind {
	case Bool:
		return "true or false"
	case Int:
		return strings.TrimSpace(fmt.Sprintf("%d to %d %s", k.Min, k.Max, k.Unit))
	case Enum:
		return strings.Join(k.Values[:len(k.Values)-1], ", ") + " or " + k.Values[len(k.Values)-1]
	case FolderList:
		return "a list of maps with " + itemNames(k.Items)
	case TextList:
		return fmt.Sprintf("a list of texts of %d to %d characters", k.Min, k.Max)
	case Text:
	}
	return fmt.Sprintf("a text of %d to %d characters", k.Min, k.Max)
}

// setDefault sets the field at target to the key's default.
func (k Key) setDefault(target any) {
	switch t := target.(type) {
	case *bool:
		*t = k.Default == "true"
	case *int:
		*t, _ = strconv.Atoi(k.Default) // a test holds the table to its own ranges
	case *string:
		*t = k.Default
	case *[]string:
		*t = []string{}
	case *[]StorageFolder:
		*t = []StorageFolder{}
	}
}

func badSetting(key, format string, args ...any) error {
	return &SettingError{Key: key, Problem: fmt.Sprintf(format, args...)}
}

func folderPath(i int, name string) string {
	return fmt.Sprintf("stateMigrationPoint.folders[%d].%s", i, name)
}

// samePath reports whether two folders are one, as Windows compares them.
func samePath(a, b string) bool {
	return winname.Same(strings.TrimRight(a, `\`), strings.TrimRight(b, `\`))
}
