package locate

import (
	"slices"
	"strings"
)

// A group counts the files that are reported under one path.
type group map[string]int

func (g group) add(path string) { g[path]++ }

type grouped struct {
	path  string
	files int
}

func (g group) sorted() []grouped {
	var list []grouped
	for p, n := range g {
		list = append(list, grouped{p, n})
	}
	slices.SortFunc(list, func(a, b grouped) int { return strings.Compare(a.path, b.path) })
	return list
}
