package wellformed

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// corpus is every text of the tables.
func corpus() map[string]string {
	texts := map[string]string{}
	for _, tt := range acceptances {
		texts["accept "+tt.name] = tt.text
	}
	for _, tt := range refusals {
		texts["refuse "+tt.name] = tt.text
	}
	for _, tt := range encodings {
		texts["encoding "+tt.name] = tt.text
	}
	return texts
}

// chunks gives n bytes at a time.
type chunks struct {
	r io.Reader
	n int
}

func (c chunks) Read(p []byte) (int, error) { return c.r.Read(p[:min(c.n, len(p))]) }

// hesitant gives nothing at every other read.
type hesitant struct {
	r    io.Reader
	turn bool
}

func (h *hesitant) Read(p []byte) (int, error) {
	if h.turn = !h.turn; h.turn {
		return 0, nil
	}
	return h.r.Read(p)
}

var readers = []struct {
	name string
	wrap func(io.Reader) io.Reader
}{
	{"one byte", iotest.OneByteReader},
	{"half", iotest.HalfReader},
	{"end with data", iotest.DataErrReader},
	{"one byte, end with data", func(r io.Reader) io.Reader { return iotest.DataErrReader(iotest.OneByteReader(r)) }},
	{"three bytes", func(r io.Reader) io.Reader { return chunks{r, 3} }},
	{"hesitant", func(r io.Reader) io.Reader { return &hesitant{r: iotest.OneByteReader(r)} }},
}

// The result does not depend on how much the reader gives at once.
func TestCheckReaders(t *testing.T) {
	for name, text := range corpus() {
		root, err := Check(strings.NewReader(text))
		for _, reader := range readers {
			got, gotErr := Check(reader.wrap(strings.NewReader(text)))
			if message(gotErr) != message(err) {
				t.Errorf("%s: %s: Check = %q, want %q", reader.name, name, message(gotErr), message(err))
			}
			if diff := cmp.Diff(root, got); diff != "" {
				t.Errorf("%s: %s: root (-want +got):\n%s", reader.name, name, diff)
			}
		}
	}
}

// Nor does it depend on where one read ends and the next begins.
func TestCheckSplit(t *testing.T) {
	for name, text := range corpus() {
		root, err := Check(strings.NewReader(text))
		for n := range len(text) {
			got, gotErr := Check(io.MultiReader(strings.NewReader(text[:n]), strings.NewReader(text[n:])))
			if message(gotErr) != message(err) {
				t.Fatalf("%s, split after %d bytes: Check = %q, want %q", name, n, message(gotErr), message(err))
			}
			if diff := cmp.Diff(root, got); diff != "" {
				t.Fatalf("%s, split after %d bytes: root (-want +got):\n%s", name, n, diff)
			}
		}
	}
}

// Nor on where the text meets the end of the buffer.
func TestCheckAtBufferEnd(t *testing.T) {
	texts := []string{
		"<ab c='d\r\n&lt;é'><!-- e --><f\u0300 g=\"h\"/>]] >&#x41;<![CDATA[ ]] ]]>😀</ab><?i j?>",
		"<a>😀]]></a>",
		"<a>\n<b></ab></a>",
		"<a b='é&am;'/>",
	}
	for _, text := range texts {
		root, err := Check(strings.NewReader("\n" + text))
		for before := range len(text) + 2 {
			got, gotErr := Check(&endless{fill: " ", size: int64(bufSize - before), tail: "\n" + text})
			if message(gotErr) != message(err) {
				t.Errorf("%q, buffer ends after %d bytes: Check = %q, want %q", text, before, message(gotErr), message(err))
			}
			if diff := cmp.Diff(root, got); diff != "" {
				t.Errorf("%q, buffer ends after %d bytes: root (-want +got):\n%s", text, before, diff)
			}
		}
	}
}

// The limits, too, are the same for every reader.
func TestCheckLimitsReaders(t *testing.T) {
	value := strings.Repeat("v", maxValue)
	texts := []string{
		"<a b='" + value + "'/>",
		"<a b='" + value + "v'/>",
		"<a b='" + value + "vvv\xff'/>",
		"<a b='" + value[3:] + "&amp;'/>",
		"<a b='" + value + "<'/>",
		"<a b='" + value + "v" + "&#" + value + "q;'/>",
		"<a b='" + value,
		"<a b='v" + value,
		"<a " + value + "='1'/>",
		"<" + value,
		nested(maxDepth + 1),
	}
	for _, text := range texts {
		_, err := Check(strings.NewReader(text))
		for _, reader := range readers {
			if _, got := Check(reader.wrap(strings.NewReader(text))); message(got) != message(err) {
				t.Errorf("%s: Check(%.20q) = %q, want %q", reader.name, text, message(got), message(err))
			}
		}
	}
}

// An error of the reader comes back as it is, wherever in the text it happens.
func TestCheckReaderError(t *testing.T) {
	errDisk := errors.New("disk on fire")
	texts := []string{
		"<?xml version='1.0' encoding='UTF-8'?><a b='c&lt;'><!-- d --><é>&#65;<![CDATA[e]]></é><?f g?></a> ",
		le("\uFEFF<?xml version='1.0' encoding='UTF-16'?><a b='c&lt;'>😀</a>"),
	}
	wrapsEOF := fmt.Errorf("connection reset: %w", io.EOF)
	for _, text := range texts {
		for n := range len(text) + 1 {
			for _, want := range []error{errDisk, io.ErrUnexpectedEOF, wrapsEOF} {
				r := io.MultiReader(strings.NewReader(text[:n]), iotest.ErrReader(want))
				root, err := Check(r)
				if err != want { //nolint:errorlint // the very error is promised
					t.Fatalf("Check with an error after %q = %v, want %v", text[:n], err, want)
				}
				if root.Name != "" {
					t.Fatalf("Check with an error after %q gives root %+v", text[:n], root)
				}
			}
		}
	}
}

// atOnce gives its text and its error in one read, and must not be asked again.
type atOnce struct {
	t    *testing.T
	text string
	err  error
	done bool
}

func (a *atOnce) Read(p []byte) (int, error) {
	if a.done {
		a.t.Errorf("read again after %v", a.err)
	}
	a.done = true
	return copy(p, a.text), a.err
}

// A reader is not asked again after its end or error.
func TestCheckReadsNoFurther(t *testing.T) {
	for _, text := range []string{"<a></a>", "<a></a", "<a></b>", le("\uFEFF<a></a>"), le("\uFEFF<a>"), "\xFF", ""} {
		_, want := Check(strings.NewReader(text))
		if _, err := Check(&atOnce{t: t, text: text, err: io.EOF}); message(err) != message(want) {
			t.Errorf("Check(%q) = %v, want %v", text, err, want)
		}
		if _, err := Check(&atOnce{t: t, text: text, err: io.ErrClosedPipe}); want == nil && !errors.Is(err, io.ErrClosedPipe) {
			t.Errorf("Check(%q) = %v, want %v", text, err, io.ErrClosedPipe)
		}
	}
}

// What is wrong before the reader's error is told, not the reader's error.
func TestCheckSyntaxBeforeReaderError(t *testing.T) {
	r := io.MultiReader(strings.NewReader("<a></b>"+strings.Repeat(" ", 100)), iotest.ErrReader(io.ErrClosedPipe))
	_, err := Check(r)
	if want := "line 1, column 6: <a> is closed by </b>"; message(err) != want {
		t.Errorf("Check = %q, want %q", message(err), want)
	}
}

type silent struct{}

func (silent) Read([]byte) (int, error) { return 0, nil }

func TestCheckNoProgress(t *testing.T) {
	for _, head := range []string{"", "<a>", "\xFF\xFE<\x00"} {
		if _, err := Check(io.MultiReader(strings.NewReader(head), silent{})); !errors.Is(err, io.ErrNoProgress) {
			t.Errorf("Check of %q and silence = %v, want %v", head, err, io.ErrNoProgress)
		}
	}
}

// One text leaves nothing behind for the next, and texts at the same time do not
// meet.
func TestCheckConcurrently(t *testing.T) {
	texts := corpus()
	want := map[string]string{}
	for name, text := range texts {
		_, err := Check(strings.NewReader(text))
		want[name] = message(err)
	}
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for name, text := range texts { // in another order each time
				if _, err := Check(strings.NewReader(text)); message(err) != want[name] {
					t.Errorf("%s: Check = %q, want %q", name, message(err), want[name])
				}
			}
		})
	}
	wg.Wait()
}
