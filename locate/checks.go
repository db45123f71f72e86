package locate

import (
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/finding"
	"usmtpkg/locate/pe"
	"usmtpkg/locate/tree"
)

const (
	scanState            = "scanstate.exe"
	dlManifests          = "DLManifests"
	replacementManifests = "ReplacementManifests"
)

// coreFiles are the files in the root of an arch folder that every measured release and arch has,
// from USMT 6.2.9200 to 10.0.26100.1.
var coreFiles = []string{
	scanState, "loadstate.exe", "usmtutils.exe", "mighost.exe",
	"migcore.dll", "migstore.dll", "migsys.dll", "migres.dll", "mxeagent.dll", "csiagent.dll",
	"cmi2migxml.dll", "unbcl.dll", "wdscore.dll",
	"MigApp.xml", "MigDocs.xml", "MigUser.xml", "MigXML.xsd",
	"SFCN.DAT", "SFLCID.DAT", "SFLISTW7.DAT", "SFLISTW8.DAT", "SFPAT.INF", "SFPATW7.INF", "SFPATW8.INF",
}

func isCore(name string) bool {
	// The names are ASCII: one of another length is none of them, and need not be folded.
	return slices.ContainsFunc(coreFiles, func(core string) bool { return len(core) == len(name) && fold(core) == fold(name) })
}

// arches checks which arch folders there are.
func (s *survey) arches(trees []*archFolder) {
	required := false
	for _, arch := range archNames {
		i := slices.IndexFunc(trees, func(t *archFolder) bool { return t.arch == arch })
		required = required || s.policy.requires(arch)
		switch {
		case i < 0 && s.policy.requires(arch):
			s.add(archMissing.at(arch, "no such folder", "the USMT files for "+arch))
		case i < 0 && arch == X86 && !s.policy.names(arch):
			s.add(archX86Missing.at(arch, "no such folder", "the USMT files for 32-bit Windows"))
		case i < 0:
		case s.policy.forbids(arch):
			s.add(archForbidden.at(trees[i].dir, tree.Kind(trees[i].entries[0].mode)+" for the arch", "none, by the arch policy"))
		case arch == ARM64 && trees[i].files > 0 && !s.policy.welcomes(arch):
			f := archARM64Unverified.at(trees[i].dir, "the arch folder", "proof that ConfigMgr takes it on ARM64 devices")
			f.Text = "arm64 is included, but nobody has confirmed that ConfigMgr uses it"
			s.add(f)
		}
	}
	if len(trees) == 0 && !required {
		s.add(archMissing.at(".", "no arch folder", "at least one of "+strings.Join(archNames, ", ")))
	}
}

// judge checks one arch folder.
func (s *survey) judge(t *archFolder) {
	if s.policy.forbids(t.arch) || !t.isFolder() {
		return
	}
	s.names(t)
	for _, e := range t.entries {
		s.entry(e)
	}
	if t.files == 0 {
		s.add(archEmpty.at(t.dir, "no file in the folder", "the USMT files for "+t.arch))
		return
	}
	s.core(t)
	s.manifests(t, dlManifests)
	s.manifests(t, replacementManifests)
	s.pairs(t)
	s.rootVersions(t)
	s.urlids(t)
	s.signatures(t)
}

// entry checks one entry by itself.
func (s *survey) entry(e *entry) {
	inside := strings.Contains(e.path, "/")
	switch bad := badName(e.path, path.Base(e.path)); {
	case !inside || e.mode.IsDir():
	case !e.mode.IsRegular():
		s.add(entryType.at(e.path, tree.Kind(e.mode), "a file or a folder"))
	case bad != nil: // nobody could be asked to read it
	case !e.read() && s.brief && !isCorePath(e.path): // the full check does
	case !e.read():
		s.add(notInspected.at(e.path, "a file whose content was not read", "every file read"))
	case e.size == 0:
		s.add(emptyFile(e.path))
	default:
		s.add(e.fault)
	}
}

// emptyFile returns the finding about a file of no bytes: one, whatever else the file is.
func emptyFile(name string) *finding.Error {
	r, wanted := fileEmpty, "content"
	switch {
	case isCorePath(name):
		r = coreEmpty
	case kindOf(name) == image:
		r, wanted = peInvalid, "a valid PE file"
	case kindOf(name) == markup:
		r, wanted = xmlMalformed, "well-formed XML"
	}
	return r.at(name, "0 bytes", wanted)
}

// core checks that the core files are there.
func (s *survey) core(t *archFolder) {
	for _, name := range coreFiles {
		switch e := t.root[fold(name)]; {
		case e == nil:
			s.add(coreMissing.at(t.dir+"/"+name, "no such file", "a core file of USMT"))
		case e.mode.IsDir():
			s.add(coreMissing.at(e.path, "a folder", "a core file of USMT"))
		case s.standsIn(e):
			s.add(coreMissing.at(e.path, inOverlay, "a core file of USMT"))
		}
	}
}

// manifests checks that a manifest folder exists and contains a manifest, at any depth.
func (s *survey) manifests(t *archFolder, name string) {
	dir := t.root[fold(name)]
	switch {
	case dir == nil:
		s.add(manifestsMissing.at(t.dir+"/"+name, "no such folder", "the manifests of USMT"))
		return
	case dir.mode.IsRegular():
		s.add(manifestsMissing.at(dir.path, "a file", "the manifests of USMT"))
		return
	case !dir.mode.IsDir(): // its type is a finding already
		return
	}
	prefix := fold(dir.path) + "/"
	manifest := func(e *entry) bool {
		return e.mode.IsRegular() && strings.EqualFold(path.Ext(e.path), ".man") && strings.HasPrefix(fold(e.path), prefix)
	}
	if !slices.ContainsFunc(t.entries, manifest) {
		s.add(manifestsEmpty.at(dir.path, "no .man file", "the manifests of USMT"))
	}
}

// pairs checks the lists of system files, of which a release of Windows has two: names in
// SFLIST<release>.DAT and patterns in SFPAT<release>.INF. Which releases there are depends on the
// kit, so that one of a pair shows that the other is missing. SFPATPG.INF never had a list, and the
// lists of Windows on ARM (SFLISTW8.WOA.DAT) have no patterns.
func (s *survey) pairs(t *archFolder) {
	check := func(e *entry, before, after, otherBefore, otherAfter string) {
		name := path.Base(e.path)
		release, begins := strings.CutPrefix(fold(name), before)
		release, ends := strings.CutSuffix(release, after)
		other := otherBefore + release + otherAfter
		if !e.mode.IsRegular() || !begins || !ends || release == "" || release == "PG" || strings.Contains(release, ".") ||
			t.root[other] != nil || isCore(other) {
			return
		}
		s.add(listPair.at(t.dir+"/"+other, "no such file beside "+name, "both of the pair"))
	}
	for _, e := range t.root {
		check(e, "SFPAT", ".INF", "SFLIST", ".DAT")
		check(e, "SFLIST", ".DAT", "SFPAT", ".INF")
	}
}

// versions compares the arches with one another and with the kits known to be bad.
func (s *survey) versions(trees []*archFolder) {
	var kits []pe.Version
	for _, t := range trees {
		if !t.kit.IsZero() {
			kits = append(kits, t.kit)
		}
	}
	wanted := mostOf(kits, pe.Version.Compare)
	told := false
	for _, t := range trees {
		if t.kit.IsZero() {
			continue
		}
		if t.kit != wanted {
			s.add(archVersionMixed.at(t.dir, t.kit.String()+" of "+strings.Join(t.programs(t.kit), ", "), wanted.String()+", as in another arch folder"))
		}
		if v := t.kit; !told && v[0] == 10 && v[1] == 0 && v[2] == 25398 {
			told = true
			s.add(kitUnsupported.at(t.dir, v.String(), "a kit that ConfigMgr supports"))
		}
	}
}

// programs names the programs and DLLs directly in the arch folder that have a version.
func (t *archFolder) programs(v pe.Version) []string {
	var names []string
	for _, e := range t.images() {
		if e.image.FileVersion == v {
			names = append(names, path.Base(e.path))
		}
	}
	return names
}
