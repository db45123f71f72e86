package migration

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/wellformed"
)

// readXML reads a manifest, a migration XML file or a Config.xml file, which one by its root element.
func readXML(name string, text []byte) ([]Component, error) {
	root, err := wellformed.Check(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	r := &reader{name: name}
	switch local := strings.ToLower(root.Name[strings.LastIndexByte(root.Name, ':')+1:]); {
	case local == "assembly" && kindOf(name) == Manifest:
		r.kind = Manifest
	case local == "migration" && kindOf(name) == Unit:
		r.kind = Unit
	case local == "configuration" && kindOf(name) == Unit:
		r.kind = Config
	case kindOf(name) == Unit:
		return nil, nil // not for USMT
	default:
		return nil, errors.New("its root element is " + root.Name + ", wanted assembly")
	}
	if err := r.read(Decode(text)); err != nil {
		return nil, err
	}
	return r.finish()
}

// A reader walks through one XML file.
type reader struct {
	name  string
	kind  Kind
	all   []*unit
	open  []*element
	bytes int // of all rules and names

	strings map[string]string // the texts of a manifest, by culture and id
	culture string            // of the texts being read
}

// A unit is a component in the making.
type unit struct {
	Component
	parent *unit
	locID  string // a stable name of its display name
}

// An element is one that is open.
type element struct {
	name, label, path string // label: with its attributes; path: the labels around it, and its own
	attrs             map[string]string
	unit              *unit
	begins            bool // the unit
	inner             bool // there is an element in it
	text              []byte
}

// read walks through the tokens.
func (r *reader) read(text string) error {
	dec := xml.NewDecoder(strings.NewReader(text))
	dec.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil } // it is decoded
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch t := token.(type) {
		case xml.StartElement:
			r.start(t)
		case xml.EndElement:
			r.end()
		case xml.CharData:
			if n := len(r.open); n > 0 {
				r.open[n-1].text = append(r.open[n-1].text, t...)
			}
		}
		if r.bytes > maxRules {
			return errTooMuch
		}
	}
}

// transparent elements are around everything, or say nothing that those in them do not.
var transparent = []string{"assembly", "migration", "configuration", "migxml", "objectset"}

// start begins an element.
func (r *reader) start(t xml.StartElement) {
	e := &element{name: strings.ToLower(t.Name.Local), attrs: map[string]string{}}
	e.label = label(t, e.attrs)
	if n := len(r.open); n > 0 {
		parent := r.open[n-1]
		parent.inner = true
		e.path, e.unit = parent.path, parent.unit
	}
	if e.unit == nil || e.name == "component" && (r.kind == Unit || r.kind == Config) {
		e.unit, e.begins = &unit{parent: e.unit}, true
		e.path = ""
		r.all = append(r.all, e.unit)
	}
	if !e.begins && !slices.Contains(transparent, e.name) {
		e.path = shortened(join(e.path, e.label, " > "))
	}
	r.attributes(e)
	r.open = append(r.open, e)
}

// attributes takes what the attributes of an element say about its unit.
func (r *reader) attributes(e *element) {
	u := e.unit
	switch {
	case r.kind == Manifest && e.begins:
		u.Name = e.attrs["displayname"]
	case r.kind == Manifest && e.name == "assemblyidentity" && u.ID == "":
		u.ID, u.Version = e.attrs["name"], e.attrs["version"]
	case r.kind == Manifest && e.name == "resources":
		r.culture = strings.ToLower(e.attrs["culture"])
	case r.kind == Manifest && e.name == "string":
		r.addString(e.attrs["id"], e.attrs["value"])
	case r.kind == Config && e.begins && u.parent != nil:
		u.Name, u.ID, u.Migrate = e.attrs["displayname"], e.attrs["id"], e.attrs["migrate"]
	}
}

// end ends the innermost element, which is a rule if no other is in it, or if it has attributes that
// are not in the rules in it.
func (r *reader) end() {
	e := r.open[len(r.open)-1]
	text := oneLine(string(e.text))
	u := e.unit
	switch {
	case e.name == "displayname" && r.kind == Unit && len(r.open) > 1 && r.open[len(r.open)-2].begins && u.parent != nil && u.Name == "":
		u.Name, u.locID = text, e.attrs["_locid"]
	case e.name == "migrationdisplayid" && r.kind == Manifest:
		u.Group = text
	}
	switch {
	case slices.Contains(transparent, e.name) && (len(e.attrs) == 0 || r.kind == Manifest && e.name == "assembly"):
	case e.begins, slices.Contains(transparent, e.name):
		r.add(u, join(e.path, e.label, " > "))
	case !e.inner, text != "":
		r.add(u, join(e.path, text, ": "))
	}
	r.open = r.open[:len(r.open)-1]
}

func (r *reader) add(u *unit, rule string) {
	rule = shortened(rule)
	r.bytes += len(rule) + ruleCost
	u.Rules = append(u.Rules, rule)
}

// addString keeps a text of a manifest.
func (r *reader) addString(id, value string) {
	if r.strings == nil {
		r.strings = map[string]string{}
	}
	for _, key := range []string{r.culture + "/" + id, "/" + id} {
		if _, ok := r.strings[key]; !ok {
			r.strings[key] = value
		}
	}
}

// resolve returns the text of $(resourceString.id), in English if there is one. What the kit has
// no text of is "".
func (r *reader) resolve(name string) string {
	const prefix, suffix = "$(resourcestring.", ")"
	if lower := strings.ToLower(name); !strings.HasPrefix(lower, prefix) || !strings.HasSuffix(lower, suffix) {
		return name
	}
	id := name[len(prefix) : len(name)-len(suffix)]
	if s, ok := r.strings["en-us/"+id]; ok {
		return s
	}
	return r.strings["/"+id]
}

// finish names the units. What is outside of all components is one itself, if it says anything.
func (r *reader) finish() ([]Component, error) {
	var list []Component
	for i, u := range r.all {
		u.Kind, u.Place = r.kind, r.name
		switch {
		case r.kind == Manifest:
			u.Place, u.Name = path.Dir(r.name), r.resolve(u.Name)
			if u.ID == "" {
				u.ID = path.Base(r.name)
			}
		case i == 0:
			u.Kind, u.ID, u.Name = Shared, path.Base(r.name), "what its components share"
			if r.kind == Config {
				u.Name = "settings for all components"
			}
		case r.kind == Unit:
			u.nameUnit()
		case u.ID == "":
			u.ID = u.Name
		}
		if i > 0 || len(u.Rules) > 0 || r.kind == Manifest {
			list = append(list, u.Component)
		}
		// Each has the names of those around it: few bytes of XML can make very many.
		u.ID, u.Name = shortened(u.ID), shortened(u.Name)
		if r.bytes += len(u.ID) + len(u.Name); r.bytes > maxRules {
			return nil, errTooMuch
		}
	}
	return list, nil
}

// nameUnit gives a component of a migration XML file its id: that of its display name, or the
// name, behind those of the components around it.
func (u *unit) nameUnit() {
	u.ID = u.locID
	if u.ID == "" {
		u.ID = u.Name
	}
	if p := u.parent; p != nil && p.Kind == Unit {
		u.ID = p.ID + "/" + u.ID
		if u.Name != "" && p.Name != "" {
			u.Name = p.Name + " / " + u.Name
		}
	}
}
