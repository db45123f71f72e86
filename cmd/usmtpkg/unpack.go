package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/locate/tree"
	"usmtpkg/stage"
	"usmtpkg/stage/archive"
)

type unpackOptions struct {
	library libraryFlags
	arrivalFlags
}

func newUnpackCmd(p *program) *cobra.Command {
	var o unpackOptions
	cmd := &cobra.Command{
		Use:   "unpack FILE",
		Short: "Publish a release from an archive that pack, tar or 7-Zip made",
		Long: `unpack publishes the release in FILE, a .tar.zst or .zip, in the library. The files are written into a
staging folder, flushed, read back and compared with the release's manifests; then all rules are
checked, as for a kit that is staged. Only if everything is right does the release get its name. A
release that is in the library already is not written again. With - in place of FILE a .tar.zst is
read from standard input.

Nothing is trusted because it is in an archive: names that lead elsewhere, links, more files or bytes
than the release's record says, and anything after the end are refused (exit status 4), and so is
content that the manifests do not have (5). Anyone can write manifests that fit; to know whose
release it is, give its --attestation and the --public-key that must have signed it.

Nothing is activated, and no definition is written: see usmtpkg activate and define.`,
		Example: `  usmtpkg unpack usmt.tar.zst --library D:\Sources\OSD\USMT
  usmtpkg unpack E:\usmt.zip --library D:\Sources\OSD\USMT --attestation E:\usmt.intoto.json --public-key usmt.pub
  zstd -dc usmt.tar.zst | zstd -3 | usmtpkg unpack - --library /srv/usmt`,
		Args: exactly(1, "unpack needs the file of an archive, such as: usmtpkg unpack usmt.tar.zst"),
	}
	f := cmd.Flags()
	o.library.add(f)
	o.add(f)
	cmd.RunE = p.runs(func(ctx context.Context, args []string) (report.Document, error) {
		att, err := o.attested.read(f.Changed("public-key"))
		if err != nil {
			return nil, err
		}
		return p.unpack(ctx, o, args[0], att)
	})
	return cmd
}

func (p *program) unpack(ctx context.Context, o unpackOptions, file string, att *attestation) (_ report.Document, err error) {
	a, err := p.newArrival(o.library, o.arrivalFlags, att)
	if err != nil {
		return nil, err
	}
	in, err := p.openArchive(file)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, in.close()) }()
	doc := a.document("unpack")
	err = a.receive(ctx, doc, in.name, func(put archive.Each) error { return in.deliver(ctx, put) })
	if err != nil {
		return nil, err
	}
	doc.Archive = &report.Archive{File: in.name, Bytes: in.size, SHA256: in.sum}
	return doc, nil
}

// An archiveFile is an archive that is read.
type archiveFile struct {
	name  string
	file  *tree.Handle // nil for a stream
	r     io.Reader
	close func() error

	size int64 // after deliver
	sum  string
}

// openArchive opens the archive that was named.
func (p *program) openArchive(name string) (*archiveFile, error) {
	if name == stdStream {
		return &archiveFile{name: "standard input", r: cmp.Or(p.stdin, io.Reader(strings.NewReader(""))), close: func() error { return nil }}, nil
	}
	if err := checkHere("FILE", name); err != nil {
		return nil, err
	}
	f, err := tree.Open(name, math.MaxInt64) // what is in it has limits
	if err != nil {
		return nil, &usageError{msg: "reading the archive: " + err.Error()}
	}
	return &archiveFile{name: absolute(name), file: f, r: f, close: f.Close}, nil
}

// archiveBuffer is how much of an archive is read at once, in bytes.
const archiveBuffer = 256 << 10

// deliver puts the files of the archive. What is wrong with it is an error with its name.
func (in *archiveFile) deliver(ctx context.Context, put archive.Each) error {
	r := bufio.NewReaderSize(in.r, archiveBuffer)
	head, err := r.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return in.unread(err)
	}
	switch {
	case !archive.IsZip(head):
		hashed := &hashedReader{r: r, sum: sha256.New()}
		err = archive.ReadTar(ctx, hashed, stage.Received, put)
		in.size, in.sum = hashed.n, hex.EncodeToString(hashed.sum.Sum(nil))
	case in.file == nil:
		return &usageError{msg: "a .zip cannot be read from standard input, because its directory is at its end", hint: "name its file, or pack a .tar.zst"}
	default:
		err = in.zip(ctx, put)
	}
	return in.unread(err)
}

// zip puts the files of a .zip.
func (in *archiveFile) zip(ctx context.Context, put archive.Each) (err error) {
	info, err := in.file.Stat()
	if err != nil {
		return err
	}
	in.size = info.Size()
	if in.sum, err = tree.Sum(ctx, io.NewSectionReader(in.file, 0, in.size), tree.Buffer(), nil); err != nil {
		return err
	}
	return archive.ReadZip(ctx, in.file, in.size, stage.Received, put)
}

// unread names the archive in an error that comes from it.
func (in *archiveFile) unread(err error) error {
	if is[*archive.FormatError](err) || is[*fs.PathError](err) && !is[*stage.DestinationError](err) {
		return fmt.Errorf("reading %s: %w", in.name, err)
	}
	return err
}

type hashedReader struct {
	r   io.Reader
	sum interface {
		io.Writer
		Sum(b []byte) []byte
	}
	n int64
}

func (h *hashedReader) Read(b []byte) (int, error) {
	n, err := h.r.Read(b)
	h.n += int64(n)
	_, _ = h.sum.Write(b[:n]) // a hash takes everything
	return n, err
}

// arrivalFlags say what is demanded of a release that comes from elsewhere.
type arrivalFlags struct {
	attested  attestedFlags
	policy    policyFlags
	sample    bool
	downgrade bool
	changed   bool
	uncached  bool
	workers   int
}

func (o *arrivalFlags) add(f *pflag.FlagSet) {
	o.attested.add(f)
	o.policy.add(f)
	f.BoolVar(&o.downgrade, "allow-downgrade", false, "take a USMT that is older than that of the active release")
	f.BoolVar(&o.changed, "allow-changed", false, "take a USMT whose files differ from those of a release with the same USMT version")
	f.BoolVar(&o.sample, "sample", false, "take a release of the built-in sample kit, which is not a real USMT")
	heading(f, "Rules")
	f.BoolVar(&o.uncached, "uncached", false, "read back past the page cache where the system can")
	workersFlag(f, &o.workers, "read back")
}
