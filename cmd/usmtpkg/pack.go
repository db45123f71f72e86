package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"usmtpkg/cmd/usmtpkg/report"
	"usmtpkg/stage"
	"usmtpkg/stage/archive"
)

// stdStream is the name of a file that stands for standard output or input.
const stdStream = "-"

type packOptions struct {
	library libraryFlags
}

func newPackCmd(p *program) *cobra.Command {
	var o packOptions
	cmd := &cobra.Command{
		Use:   "pack RELEASE FILE",
		Short: "Pack a release into one file, for another library",
		Long: `pack writes a release, one of the library or a folder, into FILE: a .tar.zst or a .zip, by the ending of
its name. Every file is compared with the release's manifests while it is read; if any differs, there
is no FILE, and the exit status is 5. With - in place of FILE a .tar.zst goes to standard output, and
the text to standard error.

The same release gives the same bytes, on any machine, as long as usmtpkg packs with the same
version of its compressor. "usmtpkg unpack" publishes the release in another library. It needs no
usmtpkg to be read: "tar --zstd -x", Explorer (.zip) and 7-Zip unpack it, and "sha256sum -c
manifest-sha256.txt" checks it.`,
		Example: `  usmtpkg pack 10.0.26100.1-3f9a1c2b7d04 usmt.tar.zst --library /srv/usmt
  usmtpkg pack D:\Sources\OSD\USMT\10.0.26100.1-3f9a1c2b7d04 E:\usmt.zip
  usmtpkg pack 10.0.26100.1-3f9a1c2b7d04 - --library /srv/usmt | ssh cm01 usmtpkg unpack - --library 'D:\Sources\OSD\USMT'`,
		Args: exactly(2, "pack needs a release and a file, such as: usmtpkg pack RELEASE usmt.tar.zst"),
		RunE: p.runs(func(ctx context.Context, args []string) (report.Document, error) { return p.pack(ctx, o, args) }),
	}
	o.library.add(cmd.Flags())
	return cmd
}

func (p *program) pack(ctx context.Context, o packOptions, args []string) (report.Document, error) {
	file := args[1]
	write, err := p.packer(file)
	if err != nil {
		return nil, err
	}
	dir, ours, err := releaseTarget(o.library, args[:1], "nothing to pack")
	if err != nil {
		return nil, err
	}
	if !ours && !stage.IsRelease(dir) {
		return nil, &usageError{msg: dir + " is not a release", hint: "name a release of the library, or the folder that has manifest-sha256.txt"}
	}
	raiseMemory()
	bar := p.newProgress()
	defer bar.stop()
	doc := &report.Pack{Head: report.NewHead("pack")}
	hashed := &hashing{sum: sha256.New()}
	do := func(w io.Writer) error {
		hashed.w = w
		rel, err := stage.Pack(ctx, dir, stage.PackOptions{Predict: predictHash, Progress: bar}, func(files []archive.File) error { return write(hashed, files) })
		doc.SetRelease(rel)
		return err
	}
	if file == stdStream {
		doc.Archive.File = stdStream
		err = do(p.stdout)
	} else {
		doc.Archive.File, err = writeNew(file, "writing the archive", do)
	}
	bar.stop()
	if err != nil {
		return nil, explainPacking(dir, err)
	}
	doc.Archive.Bytes, doc.Archive.SHA256 = hashed.n, hex.EncodeToString(hashed.sum.Sum(nil))
	if file != stdStream {
		return doc, nil
	}
	c := p.console()
	c.Out = p.stderr
	return nil, report.WriteText(c, doc)
}

// packer is how an archive of that name is written.
func (p *program) packer(file string) (func(io.Writer, []archive.File) error, error) {
	name := strings.ToLower(filepath.Base(file))
	switch {
	case file == stdStream && p.output.format == report.FormatJSON:
		return nil, &usageError{msg: "--json and an archive cannot both go to standard output", hint: "name a file for the archive"}
	case file == stdStream, strings.HasSuffix(name, ".tar.zst"):
		return archive.WriteTar, checkHere("FILE", file)
	case strings.HasSuffix(name, ".zip"):
		return archive.WriteZip, checkHere("FILE", file)
	}
	return nil, &usageError{msg: file + " is not the name of an archive that usmtpkg writes", hint: "end it with .tar.zst or .zip"}
}

// A hashing writer counts and hashes what goes through it.
type hashing struct {
	w   io.Writer
	sum interface {
		io.Writer
		Sum(b []byte) []byte
	}
	n int64
}

func (h *hashing) Write(b []byte) (int, error) {
	n, err := h.w.Write(b)
	h.n += int64(n)
	_, _ = h.sum.Write(b[:n]) // a hash takes everything
	return n, err
}

// explainPacking gives advice that fits: a release is not staged again because it cannot be packed.
func explainPacking(dir string, err error) error {
	if is[*stage.MismatchError](err) && !errors.Is(err, context.Canceled) {
		return &advisedError{err: err, hint: "nothing was packed; usmtpkg verify " + dir + " names all that differs"}
	}
	return unread(dir, err)
}
