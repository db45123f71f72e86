package pe_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

var errDisk = errors.New("disk is gone")

// faulty is a file whose read number fail, counted from 1, fails with err
// after n bytes.
type faulty struct {
	data io.ReaderAt
	fail int
	n    int
	err  error
}

func (f *faulty) ReadAt(p []byte, off int64) (int, error) {
	if f.fail--; f.fail != 0 {
		return f.data.ReadAt(p, off)
	}
	n, err := f.data.ReadAt(p[:f.n], off)
	return n, errors.Join(err, f.err)
}

func TestReadFailure(t *testing.T) {
	data := samplekit.PE(pe.AMD64, sampleVersion, 10_000)
	tests := []struct {
		name    string
		fail, n int
		err     error
		want    string
	}{
		{"first read", 1, 0, errDisk, "reading DOS header at offset 0x0: disk is gone"},
		{"half of the first read", 1, 2000, errDisk, "reading DOS header at offset 0x0: disk is gone"},
		{"second read", 2, 0, errDisk, "reading resource types at offset 0x2a00: disk is gone"},
		{"reader that stops without a reason", 1, 10, nil, "reading DOS header at offset 0x0: " + io.ErrNoProgress.Error()},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := pe.Read(&faulty{bytes.NewReader(data), tt.fail, tt.n, tt.err}, int64(len(data)))
			if err == nil || err.Error() != tt.want {
				t.Fatalf("Read = %v, want %q", err, tt.want)
			}
			if errors.As(err, new(*pe.FormatError)) {
				t.Error("the failed read is reported as a fault of the file")
			}
			if tt.err != nil && !errors.Is(err, tt.err) {
				t.Errorf("Read = %v, which does not wrap %v", err, tt.err)
			}
		})
	}
}

// An io.ReaderAt may say io.EOF along with the last bytes of the file.
type eager struct{ *bytes.Reader }

func (e eager) ReadAt(p []byte, off int64) (int, error) {
	n, err := e.Reader.ReadAt(p, off)
	if err == nil && off+int64(n) == e.Size() {
		err = io.EOF
	}
	return n, err
}

func TestReadEndOfFileWithTheLastBytes(t *testing.T) {
	data := samplekit.PE(pe.AMD64, sampleVersion, 0)
	got, err := pe.Read(eager{bytes.NewReader(data)}, int64(len(data)))
	if want := (pe.Info{Machine: pe.AMD64, FileVersion: sampleVersion}); err != nil || got != want {
		t.Errorf("Read = %v, %v, want %v", got, err, want)
	}
}

func TestReadNegativeSize(t *testing.T) {
	_, err := pe.Read(bytes.NewReader(nil), -1)
	wantFormatError(t, err)
}
