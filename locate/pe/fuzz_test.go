package pe_test

import (
	"bytes"
	dpe "debug/pe"
	"testing"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// seeds returns PE files of both writers, for all machines.
func seeds(tb testing.TB) [][]byte {
	tb.Helper()
	var files [][]byte
	for _, m := range machines {
		files = append(files,
			samplekit.PE(m, sampleVersion, 0), samplekit.PE(m, sampleVersion, 5000),
			samplekit.PE(m, pe.Version{}, 0), samplekit.NamedPE(m, sampleVersion, 0, "migcore.dll"), signed(samplekit.PE(m, sampleVersion, 0), 64),
			byWinres(tb, m, sampleVersion, 0), byWinres(tb, m, sampleVersion, 9), byWinres(tb, m, pe.Version{}, 2))
	}
	for _, file := range files {
		if _, err := pe.Read(bytes.NewReader(file), int64(len(file))); err != nil {
			tb.Fatalf("seed: %v", err)
		}
	}
	return files
}

// checkRead holds what is true of every file, valid or not.
func checkRead(t *testing.T, data []byte) {
	t.Helper()
	info, err := read(t, data)
	if err != nil {
		wantFormatError(t, err)
		if info != (pe.Info{}) {
			t.Errorf("Read = %v with %v, want no facts with an error", info, err)
		}
		return
	}
	if v := info.FileVersion; !v.IsZero() && !bytes.Contains(data, []byte("\xbd\x04\xef\xfe")) {
		t.Errorf("Read finds version %v in a file that has none", v)
	}
	if n := len([]rune(info.OriginalName)); n > 255 {
		t.Errorf("Read finds a name of %d characters, more than a file can have", n)
	}
	// Bytes behind the end change nothing, whatever the reads look like then.
	if longer, err := read(t, append(bytes.Clone(data), make([]byte, 5000)...)); err != nil || longer != info {
		t.Errorf("Read of the file with bytes behind it = %v, %v, want %v", longer, err, info)
	}
	// debug/pe reads the symbol table, too, and refuses what is wrong there.
	if f, err := dpe.NewFile(bytes.NewReader(data)); err == nil && f.Machine != uint16(info.Machine) {
		t.Errorf("Read finds machine %v, debug/pe %#x", info.Machine, f.Machine)
	}
}

func FuzzRead(f *testing.F) {
	for _, file := range seeds(f) {
		f.Add(file)
		f.Add(file[:len(file)/2])
	}
	f.Add([]byte{})
	f.Add([]byte("MZ"))
	f.Fuzz(checkRead)
}

// withResources makes a file whose resource section is rsrc, at RVA 0x2000 and
// at offset 0x1200, so that no read covers both it and the headers.
func withResources(rsrc []byte) []byte {
	const resources, section = 0xd8, 0x170 // the data directory, the header of .rsrc
	size := le32(uint32(len(rsrc)))
	file := samplekit.PE(pe.AMD64, sampleVersion, 0x1000-16)[:0x1200]
	file = patch(file, resources+4, size...)
	file = patch(file, section+8, size...)
	file = patch(file, section+16, size...)
	return append(file, rsrc...)
}

func FuzzVersionResource(f *testing.F) {
	for _, file := range seeds(f) {
		p, err := dpe.NewFile(bytes.NewReader(file))
		if err != nil {
			f.Fatal(err)
		}
		if s := p.Section(".rsrc"); s != nil && s.VirtualAddress == 0x2000 {
			rsrc, err := s.Data()
			if err != nil {
				f.Fatal(err)
			}
			got, err := pe.Read(bytes.NewReader(withResources(rsrc)), int64(0x1200+len(rsrc)))
			want, _ := pe.Read(bytes.NewReader(file), int64(len(file)))
			if err != nil || got.FileVersion != want.FileVersion {
				f.Fatalf("seed: Read = %v, %v, want version %v", got, err, want.FileVersion)
			}
			f.Add(rsrc)
		}
	}
	f.Fuzz(func(t *testing.T, rsrc []byte) {
		checkRead(t, withResources(rsrc))
	})
}
