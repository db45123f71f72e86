package tree

// A FileSum is one file of a tree, by what its content has to be.
type FileSum struct {
	Path   string // slash-separated, relative to the root of the tree
	Size   int64  // in bytes
	SHA256 string // 64 hex digits, in either case
}
