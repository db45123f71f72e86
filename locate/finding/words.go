package finding

// Words that releases and documents have for files whose content nothing vouches for.
const (
	NameOnly          = "name-only"    // the proof of such a file: at most its name was compared
	ContentNotChecked = "file-content" // the entry of not_checked where there is one
)
