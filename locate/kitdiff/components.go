package kitdiff

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"usmtpkg/locate/migration"
)

// A ComponentChange is a component, or a list, that differs in some arch folders.
type ComponentChange struct {
	Change    ChangeKind     `json:"change"`
	Kind      migration.Kind `json:"kind"`
	Place     string         `json:"place"` // the folder or file that it is in, below the arch folder
	ID        string         `json:"id"`
	Name      string         `json:"name,omitempty"`    // what it is called, if the kit says so
	Group     string         `json:"group,omitempty"`   // of a manifest
	Migrate   string         `json:"migrate,omitempty"` // of a component in a Config.xml file: whether it is to migrate
	Arches    []string       `json:"arches"`
	Before    string         `json:"version_before,omitempty"` // of the assembly, if the two differ
	After     string         `json:"version_after,omitempty"`
	Elsewhere []string       `json:"elsewhere,omitempty"` // of a manifest that was removed: the folders that still have one of the assembly

	AddedRules   int      `json:"rules_added"`
	RemovedRules int      `json:"rules_removed"`
	Rules        []string `json:"rules,omitempty"` // of one that changed, the first of them, behind + or -
}

// Label is what a person knows the component as.
func (c ComponentChange) Label() string { return cmp.Or(c.Name, c.ID) }

// maxShownRules is how many rules of each sort a change names.
const maxShownRules = 100

// Components are how the migration of two kits differs.
type Components struct {
	Arches  []string          `json:"arches"` // that both have, and so were compared
	Changes []ComponentChange `json:"changes"`
	Unread  []Unread          `json:"unread"`
}

// CompareComponents compares what two kits migrate, in the arch folders that both have. differs reports
// whether the file at a path may not be the same in both; others need not be read.
func CompareComponents(ctx context.Context, before, after View, differs func(path string) bool) (*Components, error) {
	c := &Components{Arches: []string{}, Changes: []ComponentChange{}, Unread: []Unread{}}
	merged := map[string]*ComponentChange{}
	for _, arch := range before.Only(after.Arches()).Arches() {
		c.Arches = append(c.Arches, arch)
		changes, err := c.compareArch(ctx, before, after, arch, differs)
		if err != nil {
			return nil, err
		}
		for _, change := range changes {
			key := fmt.Sprintf("%q", []any{change})
			if merged[key] == nil {
				merged[key] = &change
			}
			merged[key].Arches = append(merged[key].Arches, arch)
		}
	}
	for _, change := range merged {
		c.Changes = append(c.Changes, *change)
	}
	slices.SortFunc(c.Changes, func(a, b ComponentChange) int {
		return cmp.Or(rank(a.Change)-rank(b.Change), kindRank(a.Kind)-kindRank(b.Kind),
			cmp.Compare(strings.ToLower(a.Label()), strings.ToLower(b.Label())), cmp.Compare(a.Place, b.Place),
			cmp.Compare(a.ID, b.ID), slices.Compare(a.Arches, b.Arches))
	})
	return c, nil
}

func rank(k ChangeKind) int { return slices.Index([]ChangeKind{Removed, Added, Changed}, k) }

// Kinds are the kinds of components in the order in which they are reported.
var Kinds = []migration.Kind{migration.Unit, migration.Manifest, migration.Config, migration.Shared, migration.Patterns, migration.List}

func kindRank(k migration.Kind) int { return slices.Index(Kinds, k) }

// Count counts the changes of each kind.
func (c *Components) Count() map[migration.Kind]Counts {
	all := map[migration.Kind]Counts{}
	for _, change := range c.Changes {
		n := all[change.Kind]
		n.Add(change.Change)
		all[change.Kind] = n
	}
	return all
}

// compareArch compares one arch folder, group by group. A group whose files are the same is not parsed.
func (c *Components) compareArch(ctx context.Context, before, after View, arch string, differs func(path string) bool) ([]ComponentChange, error) {
	var sides [2]groups
	for i, v := range []View{before, after} {
		var err error
		if sides[i], err = groupsOf(ctx, v, arch); err != nil {
			return nil, err
		}
	}
	var names []string
	for _, g := range sides[0].names(sides[1]) {
		if slices.ContainsFunc(slices.Concat(sides[0].files[g], sides[1].files[g]), func(p string) bool { return differs(arch + "/" + p) }) {
			names = append(names, g)
		}
	}
	old, err := sides[0].load(ctx, names)
	if err != nil {
		return nil, err
	}
	now, err := sides[1].load(ctx, names)
	if err != nil {
		return nil, err
	}
	var changes []ComponentChange
	for _, g := range names {
		if slices.EqualFunc(old[g], now[g], text.equal) {
			continue
		}
		b, whole := c.parse(old[g], "before")
		a, also := c.parse(now[g], "after")
		if whole && also { // otherwise what is unread would be missing
			changes = append(changes, compare(b, a)...)
		}
	}
	return changes, sides[1].findElsewhere(ctx, changes)
}

// compare compares one group.
func compare(before, after contents) []ComponentChange {
	var changes []ComponentChange
	for key, a := range after {
		b := before[key]
		switch {
		case b == nil && a.Kind == migration.Shared: // the file is new, and its components are named
			continue
		case b == nil:
			c := changeOf(Added, a)
			c.AddedRules = len(a.Rules)
			changes = append(changes, c)
			continue
		}
		c := changeOf(Changed, a)
		if b.Version != a.Version {
			c.Before, c.After = b.Version, a.Version
		}
		c.rules(b.Rules, a.Rules)
		if c.AddedRules+c.RemovedRules > 0 || c.Before != c.After {
			changes = append(changes, c)
		}
	}
	for key, b := range before {
		if after[key] == nil && b.Kind != migration.Shared {
			c := changeOf(Removed, b)
			c.RemovedRules = len(b.Rules)
			changes = append(changes, c)
		}
	}
	return changes
}

func changeOf(kind ChangeKind, m *migration.Component) ComponentChange {
	return ComponentChange{Change: kind, Kind: m.Kind, Place: m.Place, ID: m.ID, Name: m.Name, Group: m.Group, Migrate: m.Migrate}
}

// rules compares the rules of a component; their order does not count.
func (c *ComponentChange) rules(before, after []string) {
	left := make(map[string]int, len(before))
	for _, r := range before {
		left[r]++
	}
	var added, removed []string
	for _, r := range after {
		if left[r]--; left[r] < 0 {
			added = append(added, "+ "+r)
		}
	}
	for _, r := range before {
		if left[r] > 0 {
			left[r]--
			removed = append(removed, "- "+r)
		}
	}
	c.AddedRules, c.RemovedRules = len(added), len(removed)
	c.Rules = slices.Concat(removed[:min(len(removed), maxShownRules)], added[:min(len(added), maxShownRules)])
}
