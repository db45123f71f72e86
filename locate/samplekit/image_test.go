package samplekit_test

import (
	"bytes"
	dpe "debug/pe"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/tc-hib/winres"
	"github.com/tc-hib/winres/version"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

var sampleVersion = pe.Version{10, 0, 65000, 1}

func TestPEReadsBack(t *testing.T) {
	tests := []struct {
		machine pe.Machine
		version pe.Version
		extra   int
		want    int // bytes
	}{
		{pe.AMD64, sampleVersion, 0, 0x600},
		{pe.ARM64, sampleVersion, 496, 0x600},
		{pe.I386, sampleVersion, 497, 0x800},
		{pe.AMD64, pe.Version{65535, 65535, 65535, 65535}, 100_000, 0x18c00},
		{pe.I386, pe.Version{}, 0, 0x400},
		{pe.AMD64, pe.Version{}, -1, 0x400},
		{0x1c4, sampleVersion, 0, 0x600},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%v %v %d", tt.machine, tt.version, tt.extra), func(t *testing.T) {
			data := samplekit.PE(tt.machine, tt.version, tt.extra)
			if len(data) != tt.want {
				t.Errorf("PE has %#x bytes, want %#x", len(data), tt.want)
			}
			info, err := pe.Read(bytes.NewReader(data), int64(len(data)))
			if want := (pe.Info{Machine: tt.machine, FileVersion: tt.version}); err != nil || info != want {
				t.Errorf("pe.Read = %v, %v, want %v", info, err, want)
			}
		})
	}
}

// The standard library and winres read the file without our reader.
func TestPEAsOthersReadIt(t *testing.T) {
	for _, m := range []pe.Machine{pe.AMD64, pe.ARM64, pe.I386} {
		t.Run(m.String(), func(t *testing.T) {
			data := samplekit.PE(m, sampleVersion, 5000)
			f, err := dpe.NewFile(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("debug/pe.NewFile = %v", err)
			}
			if f.Machine != uint16(m) || len(f.Sections) != 2 || f.Sections[0].Name != ".text" || f.Sections[1].Name != ".rsrc" {
				t.Errorf("debug/pe finds machine %#x and %d sections, want %#x, .text and .rsrc", f.Machine, len(f.Sections), uint16(m))
			}
			rs, err := winres.LoadFromEXE(bytes.NewReader(data))
			if err != nil {
				t.Fatalf("winres.LoadFromEXE = %v", err)
			}
			info := rs.Get(winres.RT_VERSION, winres.ID(1), 0x409)
			if len(info) != 92 || binary.LittleEndian.Uint32(info[48:]) != 10<<16 || binary.LittleEndian.Uint32(info[52:]) != 65000<<16|1 {
				t.Errorf("winres finds version resource % x, want one of 10.0.65000.1", info)
			}
		})
	}
}

// winres reads the name as it reads that of every program.
func TestNamedPEAsOthersReadIt(t *testing.T) {
	for _, name := range []string{"a.dll", "migcore.dll", "Größe 3.dll"} {
		data := samplekit.NamedPE(pe.AMD64, sampleVersion, 0, name)
		rs, err := winres.LoadFromEXE(bytes.NewReader(data))
		if err != nil {
			t.Fatalf("winres.LoadFromEXE = %v", err)
		}
		info, err := version.FromBytes(rs.Get(winres.RT_VERSION, winres.ID(1), 0x409))
		if err != nil || info.FileVersion != sampleVersion {
			t.Fatalf("version.FromBytes = %v, %v", info, err)
		}
		if text, err := json.Marshal(info); err != nil || !bytes.Contains(text, []byte(`"OriginalFilename":"`+name+`"`)) {
			t.Errorf("winres finds %s, %v, want the name %q", text, err, name)
		}
		if got, err := pe.Read(bytes.NewReader(data), int64(len(data))); err != nil || got.OriginalName != name {
			t.Errorf("pe.Read = %v, %v, want the name %q", got, err, name)
		}
	}
}

func TestPECannotRun(t *testing.T) {
	for _, m := range []pe.Machine{pe.AMD64, pe.ARM64, pe.I386} {
		t.Run(m.String(), func(t *testing.T) {
			f, err := dpe.NewFile(bytes.NewReader(samplekit.PE(m, sampleVersion, 700)))
			if err != nil {
				t.Fatalf("debug/pe.NewFile = %v", err)
			}
			if f.Characteristics&dpe.IMAGE_FILE_DLL == 0 {
				t.Error("the file is not marked as a DLL")
			}
			if entry := entryPoint(f); entry != 0 {
				t.Errorf("entry point = %#x, want none", entry)
			}
			for _, s := range f.Sections {
				if s.Characteristics&(dpe.IMAGE_SCN_MEM_EXECUTE|dpe.IMAGE_SCN_MEM_WRITE) != 0 {
					t.Errorf("section %s is executable or writable", s.Name)
				}
			}
			text, err := f.Sections[0].Data()
			if want := append(bytes.Repeat([]byte{0xcc}, 716), make([]byte, 1024-716)...); err != nil || !bytes.Equal(text, want) {
				t.Errorf(".text = % x, %v, want 716 bytes of padding and zeros", text, err)
			}
		})
	}
}

func entryPoint(f *dpe.File) uint32 {
	switch h := f.OptionalHeader.(type) {
	case *dpe.OptionalHeader32:
		return h.AddressOfEntryPoint
	case *dpe.OptionalHeader64:
		return h.AddressOfEntryPoint
	default:
		return 0xffffffff
	}
}
