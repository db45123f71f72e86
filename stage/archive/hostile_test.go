package archive_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"usmtpkg/stage/archive"
)

// squeeze compresses a tar as one frame.
func squeeze(t *testing.T, b []byte, o ...zstd.EOption) []byte {
	t.Helper()
	var out bytes.Buffer
	enc, err := zstd.NewWriter(&out, o...)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := enc.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := enc.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// tarOf makes a tar of these headers; the size of each is that of its name.
func tarOf(t *testing.T, headers ...tar.Header) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, h := range headers {
		body := ""
		if h.Typeflag == tar.TypeReg || h.Typeflag == 0 {
			body, h.Size = h.Name, int64(len(h.Name))
		}
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(w, body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// refused makes sure that an archive is refused for that reason.
func refused(t *testing.T, f form, b []byte, want string) {
	t.Helper()
	_, err := unpack(t, f, b)
	if !errors.As(err, new(*archive.FormatError)) || !strings.Contains(err.Error(), want) {
		t.Errorf("error %v, want a fault of the archive with %q", err, want)
	}
}

var hostileNames = []struct {
	names []string
	want  string
}{
	{[]string{"../x"}, "a folder reference"},
	{[]string{"data/../../x"}, "a folder reference"},
	{[]string{"/etc/passwd"}, "an empty name"},
	{[]string{"././x"}, "a folder reference"},
	{[]string{`data\x`}, `the character '\\'`},
	{[]string{"C:/x"}, "the character ':'"},
	{[]string{"data/x:stream"}, "the character ':'"},
	{[]string{"data/NUL.txt"}, "the device name NUL"},
	{[]string{"data/x."}, "a dot at the end"},
	{[]string{"data/a", "data/a"}, "are the same"},
	{[]string{"data/a.xml", "data/A.xml"}, "differ only in case"},
	{[]string{"data/s.txt", "data/ſ.txt"}, "differ only in case"},
	{[]string{"data/é", "data/e\u0301"}, "differ only in Unicode normalization"},
	{[]string{"data/a", "data/a/b"}, "both a file and a folder"},
	{[]string{"Data/a", "data/b"}, "differ only in case"},
}

func TestHostileNames(t *testing.T) {
	for _, tt := range hostileNames {
		t.Run(strings.Join(tt.names, " "), func(t *testing.T) {
			var headers []tar.Header
			var z bytes.Buffer
			zw := zip.NewWriter(&z)
			for _, n := range tt.names {
				headers = append(headers, tar.Header{Name: n, Mode: 0o644})
				if _, err := zw.Create(n); err != nil {
					t.Fatal(err)
				}
			}
			if err := zw.Close(); err != nil {
				t.Fatal(err)
			}
			refused(t, forms[0], squeeze(t, tarOf(t, headers...)), tt.want)
			refused(t, forms[1], z.Bytes(), tt.want)
		})
	}
}

func TestHostileTar(t *testing.T) {
	plain := tarOf(t, tar.Header{Name: "data/a", Mode: 0o644})
	bodies := plain[:len(plain)-1024] // whole, and without the two blocks at the end
	noise := []byte("more")
	tests := []struct {
		name string
		tar  []byte
		want string
	}{
		{"symbolic link", tarOf(t, tar.Header{Name: "a", Typeflag: tar.TypeSymlink, Linkname: "/etc"}), "neither a file nor a folder (type '2')"},
		{"hard link", tarOf(t, tar.Header{Name: "a"}, tar.Header{Name: "b", Typeflag: tar.TypeLink, Linkname: "a"}), "(type '1')"},
		{"device", tarOf(t, tar.Header{Name: "a", Typeflag: tar.TypeBlock}), "(type '4')"},
		{"named pipe", tarOf(t, tar.Header{Name: "a", Typeflag: tar.TypeFifo}), "(type '6')"},
		{"folder elsewhere", tarOf(t, tar.Header{Name: "../a/", Typeflag: tar.TypeDir}), "a folder reference"},
		{"empty", nil, "cut off"},
		{"no end", bodies, "cut off"},
		{"half an end", plain[:len(plain)-512], "cut off"},
		{"within a header", plain[:100], "cut off"},
		{"within a file", plain[:512+2], "cut off"},
		{"not a tar", bytes.Repeat([]byte("x"), 4096), "damaged: archive/tar: invalid tar header"},
		{"something after it", append(bytes.Clone(plain), noise...), "something follows"},
		{"an archive after it", append(bytes.Clone(plain), plain...), "something follows"},
		{"very many zeros after it", append(bytes.Clone(plain), make([]byte, 2<<20)...), "something follows"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { refused(t, forms[0], squeeze(t, tt.tar), tt.want) })
	}
	packed := squeeze(t, plain)
	flipped := bytes.Clone(packed)
	flipped[len(flipped)-1] ^= 1
	for name, b := range map[string]struct {
		b    []byte
		want string
	}{
		"nothing":              {nil, "cut off"},
		"cut within a frame":   {packed[:len(packed)-3], "cut off"},
		"text after a frame":   {append(bytes.Clone(packed), noise...), "something follows its end"},
		"wrong checksum":       {flipped, "damaged"},
		"gzip":                 {[]byte("\x1f\x8b\x08\x00aaaaaaaaaaaaaaaa"), "neither a .tar.zst nor a .zip"},
		"too large a window":   {squeeze(t, make([]byte, 20<<20), zstd.WithWindowSize(16<<20)), "without --long"},
		"a frame after it":     {append(bytes.Clone(packed), squeeze(t, noise)...), "something follows"},
		"no end, and a frame ": {append(squeeze(t, bodies), packed...), ""},
	} {
		t.Run(name, func(t *testing.T) {
			if b.want == "" {
				if got, err := unpack(t, forms[0], b.b); err == nil || len(got) != 1 {
					t.Errorf("two archives in one: %v, %v", got, err)
				}
				return
			}
			refused(t, forms[0], b.b, b.want)
		})
	}
}

func TestHostileZip(t *testing.T) {
	make1 := func(change func(h *zip.FileHeader)) []byte {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		h := &zip.FileHeader{Name: "data/a", Method: zip.Deflate}
		if change != nil {
			change(h)
		}
		to, err := w.CreateHeader(h)
		if err == nil && !strings.HasSuffix(h.Name, "/") {
			_, err = io.WriteString(to, strings.Repeat("content", 1000))
		}
		if err := errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	plain := make1(nil)
	patch := func(old, replacement string) []byte {
		if !bytes.Contains(plain, []byte(old)) {
			t.Fatalf("%q is not in it", old)
		}
		return bytes.ReplaceAll(plain, []byte(old), []byte(replacement))
	}
	size := "\x58\x1b\x00\x00" // 7,000
	directory := bytes.LastIndex(plain, []byte("PK\x01\x02"))
	encrypted, method, flipped := bytes.Clone(plain), bytes.Clone(plain), bytes.Clone(plain)
	encrypted[directory+8] |= 1
	method[directory+10] = 12
	flipped[45] ^= 0xff
	for name, tt := range map[string]struct {
		b    []byte
		want string
	}{
		"symbolic link":        {make1(func(h *zip.FileHeader) { h.SetMode(0o777 | 1<<27) }), "neither a file nor a folder"},
		"folder elsewhere":     {make1(func(h *zip.FileHeader) { h.Name = "../x/" }), "a folder reference"},
		"nothing":              {nil, "cut off"},
		"cut":                  {plain[:len(plain)-1], "cut off"},
		"text after it":        {append(bytes.Clone(plain), "more"...), "something follows"},
		"text before it":       {append([]byte("more"), plain...), "damaged: its directory"},
		"encrypted":            {encrypted, "is encrypted"},
		"another method":       {method, "packed by method 12"},
		"damaged":              {flipped, "damaged"},
		"larger than it says":  {patch(size, "\x57\x1b\x00\x00"), "damaged"},
		"smaller than it says": {patch(size, "\x59\x1b\x00\x00"), "cut off"},
		"another sum":          {patch(string(plain[directory+16:directory+20]), "\x01\x02\x03\x04"), "damaged"},
		"many files":           {append(bytes.Clone(plain[:len(plain)-14]), append([]byte("\xff\xff\xff\xff"), plain[len(plain)-10:]...)...), "too many files"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, forms[1], tt.b, tt.want) })
	}
}

// TestBombs: limits hold, whatever an archive says.
func TestBombs(t *testing.T) {
	for _, f := range forms {
		b := pack(t, f, list(content()))
		for _, l := range []archive.Limits{{Files: 6, Bytes: 64 << 20}, {Files: 7, Bytes: 9 << 20}} {
			read := int64(0)
			err := f.read(t.Context(), b, l, func(_ string, _ int64, r io.Reader) error {
				n, err := io.Copy(io.Discard, r)
				read += n
				return err
			})
			if !errors.As(err, new(*archive.FormatError)) || !strings.Contains(err.Error(), "more than") || read > l.Bytes {
				t.Errorf("%s with %v: %v, %d bytes read", f.name, l, err, read)
			}
		}
	}
	long := strings.Repeat("d/", 30_000)
	var headers []tar.Header
	for range 900 {
		headers = append(headers, tar.Header{Name: long + "x", Mode: 0o644})
	}
	refused(t, forms[0], squeeze(t, tarOf(t, headers...)), "the names in the archive")
}

func TestSparse(t *testing.T) {
	if _, err := exec.LookPath("tar"); err != nil {
		t.Skip("tar is not installed: NOT TESTED")
	}
	dir := t.TempDir()
	run(t, dir, "truncate", "-s", "1G", "sparse")
	for form, want := range map[string]string{"gnu": "(type 'S')", "posix": "is a sparse file"} {
		run(t, dir, "tar", "--sparse", "--format="+form, "-cf", "sparse.tar", "sparse")
		b, err := os.ReadFile(filepath.Join(dir, "sparse.tar"))
		if err != nil {
			t.Fatal(err)
		}
		refused(t, forms[0], squeeze(t, b), want)
	}
}
