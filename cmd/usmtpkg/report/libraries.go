package report

// Libraries is the document of stage and refresh for several libraries.
type Libraries struct {
	Head
	Command   string       `json:"command"` // "stage" or "refresh"
	Exit      int          `json:"exit"`    // the worst of the libraries
	Libraries []OneLibrary `json:"libraries"`
}

// OneLibrary is what came of one of several libraries: Result or Error.
type OneLibrary struct {
	Library string `json:"library"`
	Exit    int    `json:"exit"`
	Result  *Stage `json:"result,omitempty"`
	Error   *Error `json:"error,omitempty"`
}

func (d *Libraries) text(t *printer) {
	for i, l := range d.Libraries {
		if !t.Quiet {
			if i > 0 {
				t.printf("\n")
			}
			t.printf("library      %s\n", l.Library)
		}
		if l.Error != nil {
			l.failed(t)
		} else {
			l.Result.text(t)
		}
	}
}

// failed prints the error of a library: that it failed among the results, and why where errors go.
func (l OneLibrary) failed(t *printer) {
	if !t.Quiet {
		t.printf("             failed with exit status %d\n", l.Exit)
	}
	Say(t.Err, "usmtpkg: library %s:\n", l.Library)
	l.Error.text(&printer{Console: t.Console})
}
