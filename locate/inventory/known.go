package inventory

import (
	_ "embed"
	"strings"
	"sync"
)

// knownText is the table of the measured releases: names, sizes, versions and
// hashes, derived from public copies; nothing of Microsoft's is in it.
//
//go:embed known.txt
var knownText string

var known = sync.OnceValue(func() *Table {
	t, err := Parse(strings.NewReader(knownText), "built in")
	if err != nil {
		panic("inventory: " + err.Error()) // the table is part of the program, and a test reads it
	}
	t.BuiltIn = true
	return t
})

// Known returns the table of the measured releases. It must not be changed.
func Known() *Table { return known() }
