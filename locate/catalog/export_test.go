package catalog

import "time"

// Limits of a folder.
const (
	MaxCatalogs = maxCatalogs
	MaxTotal    = maxTotal
	MaxMembers  = maxMembers
)

// ParseList is parseList for tests.
func ParseList(content []byte) (made time.Time, members []Member, unread int, err error) {
	l, err := parseList(content)
	return l.made, l.members, l.unread, err
}
