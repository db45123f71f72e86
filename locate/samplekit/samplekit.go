// Package samplekit makes a small synthetic User State Migration Tool (USMT)
// folder: for the sample run of the command, for tests and for demonstrations.
//
// Rules:
//   - The kit has the shape of a real one, Windows 11 24H2 (ADK 10.1.26100.1)
//     being the model: arch folders, names, versions, byte order marks and CRLF
//     line ends. A check of a USMT folder finds no fault in it.
//   - All texts are our own. Nothing of Microsoft's is in it, and nothing that
//     would migrate a user's state.
//   - The programs cannot run: they are marked as DLLs, have no entry point and
//     no executable section, and contain padding only.
//   - The same options always give the same bytes.
//
// It does not make damaged kits: tests take [Files] and change the map.
package samplekit

import (
	"fmt"
	"path"
	"strings"

	"usmtpkg/locate/pe"
)

// Version is the file version of the kit's programs. The build is fictional and
// close to 65535, the largest number in a file version, far from any real build.
const Version = "10.0.65000.1"

// Options says what Files makes. The zero value gives the standard kit.
type Options struct {
	Version string   // file version of the programs, four numbers; "" means Version
	Arches  []string // of amd64, arm64 and x86; none means all three
	Named   bool     // the programs have their names in their version resources
}

// Files makes the kit: the content of each file by its slash-separated path in
// the USMT folder, such as "amd64/scanstate.exe". The map and the contents
// belong to the caller. A version or an arch that does not exist is a mistake
// of the calling program, and Files panics.
func Files(o Options) map[string][]byte {
	if o.Version == "" {
		o.Version = Version
	}
	if len(o.Arches) == 0 {
		o.Arches = []string{"amd64", "arm64", "x86"}
	}
	v, err := pe.ParseVersion(o.Version)
	if err != nil {
		panic("samplekit: " + err.Error())
	}
	files := map[string][]byte{}
	for _, arch := range o.Arches {
		m := machine(arch)
		addPrograms(files, arch, m, v, o.Named)
		addTexts(files, arch, rootTexts())
		addTexts(files, arch, manifests())
		if m != pe.ARM64 { // USMT for arm64 has no downlevel manifests
			addTexts(files, arch, downlevelManifests())
			addDownlevelPlugins(files, arch, m, o.Named)
		}
	}
	return files
}

func machine(arch string) pe.Machine {
	for _, m := range []pe.Machine{pe.AMD64, pe.ARM64, pe.I386} {
		if m.String() == arch {
			return m
		}
	}
	panic(fmt.Sprintf("samplekit: found arch %q, wanted amd64, arm64 or x86", arch))
}

// addPrograms adds the programs of the root and the plug-in of the manifests.
// Each is larger than the one before, so that no two are equal.
func addPrograms(files map[string][]byte, arch string, m pe.Machine, v pe.Version, named bool) {
	for i, name := range []string{
		"appextagent.dll", "cmi2migxml.dll", "csiagent.dll", "loadstate.exe", "mighost.exe",
		"migcore.dll", "migres.dll", "migstore.dll", "migsys.dll", "mxeagent.dll",
		"scanstate.exe", "unbcl.dll", "usmtutils.exe", "wdscore.dll", "wimgapi.dll",
		"ReplacementManifests/" + pluginName,
	} {
		files[arch+"/"+name] = program(m, v, 100*(i+1), name, named)
	}
}

// addDownlevelPlugins adds plug-ins as old as those of the real kits, which
// come from Windows 7 with Service Pack 1 whatever the version of the kit.
func addDownlevelPlugins(files map[string][]byte, arch string, m pe.Machine, named bool) {
	v := pe.Version{6, 1, 7601, 17514}
	files[arch+"/ReplacementManifests7/"+pluginName] = program(m, v, 1800, pluginName, named)
	files[arch+"/ReplacementManifests8/"+pluginName] = program(m, v, 1900, pluginName, named)
}

// program makes one program; named: its version resource has its name.
func program(m pe.Machine, v pe.Version, extra int, name string, named bool) []byte {
	if !named {
		return PE(m, v, extra)
	}
	return NamedPE(m, v, extra, path.Base(name))
}

// addTexts adds texts with the line ends Windows gives them.
func addTexts(files map[string][]byte, arch string, texts map[string]string) {
	for name, text := range texts {
		files[arch+"/"+name] = []byte(strings.ReplaceAll(text, "\n", "\r\n"))
	}
}
