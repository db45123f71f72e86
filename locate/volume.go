package locate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strings"

	"usmtpkg/locate/tree"
)

// softwareHive is where a Windows volume keeps the SOFTWARE branch of its registry.
const softwareHive = "Windows/System32/config/SOFTWARE"

// volumeRegistry is how a place is called that the hive leads to.
const volumeRegistry = "registry of the volume"

// volume looks on a mounted Windows volume: where its registry points, then in
// the default folders of its Program Files trees.
func (s *search) volume(ctx context.Context, volume string) error {
	root, dir, err := openGiven(volume)
	if err != nil {
		return err
	}
	defer closeFolder(root)
	mount := spot{root: root, base: dir, dir: ".", sealed: true}
	facts := s.hive(mount)
	for _, k := range facts.roots {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		s.volumeKitsRoot(mount, k, facts.systemRoot)
	}
	for _, programFiles := range []string{"Program Files (x86)", "Program Files"} {
		for _, below := range defaultDirs {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			s.onVolume(mount, programFiles+"/"+below, "default folder of the volume")
		}
	}
	return nil
}

// hive reads the volume's SOFTWARE hive and records how that went.
func (s *search) hive(mount spot) hiveFacts {
	name, err := foldPath(mount.root.FS(), softwareHive)
	if err != nil {
		outcome := cause(err)
		if errors.Is(err, fs.ErrNotExist) {
			outcome = "no such file"
		}
		s.note(mount.in(softwareHive).path(), volumeRegistry, outcome)
		return hiveFacts{}
	}
	facts, err := s.hiveFile(mount.root, name)
	outcome := "read"
	switch {
	case err != nil:
		outcome = err.Error()
	case facts.dirty:
		outcome = "read, but it was not closed cleanly: its last changes may be missing"
	}
	s.note(mount.in(name).path(), volumeRegistry, outcome)
	return facts
}

// hiveFile reads the hive called name, if it is a file. What is wrong with the uninstall entries and the
// packages does not prevent finding USMT: it is reported with these.
func (s *search) hiveFile(root *os.Root, name string) (hiveFacts, error) {
	f, err := tree.OpenIn(root, name, math.MaxInt64) // its readers have limits
	if err != nil {
		return hiveFacts{}, errors.New(cause(err))
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil {
		return hiveFacts{}, errors.New(cause(err))
	}
	facts, err := readHive(f, info.Size())
	if err != nil {
		return facts, err
	}
	s.cached = readCachedMSIs(f, info.Size())
	entries, err := readUninstall(f, info.Size())
	if err != nil {
		s.installed = []Evidence{{Kind: ADKEntry, Where: volumeRegistry, Problem: err.Error()}}
	} else {
		s.installed = entryEvidence(entries, volumeRegistry)
	}
	return facts, nil
}

// volumeKitsRoot looks at the folder of one value of the volume's registry.
// Drive letters belong to the system that gave them: whatever the letter, the
// folder is looked for on this volume.
func (s *search) volumeKitsRoot(mount spot, k KitsRoot, systemRoot string) {
	drive, dir, problem := reroot(k.Value)
	if k.Problem == "" {
		k.Problem = problem
	}
	if k.Problem != "" {
		s.notFollowed(k, volumeRegistry)
		return
	}
	how := k.how(volumeRegistry)
	own := "C:"
	if d, _, problem := reroot(systemRoot); problem == "" {
		own = d
	}
	if !strings.EqualFold(drive, own) {
		how += fmt.Sprintf(" points to drive %s; this volume was %s, so the same folder was tried here", strings.ToUpper(drive), strings.ToUpper(own))
	}
	s.onVolume(mount, dir, how)
}

// onVolume looks at one folder of the volume, its name matched without regard to case.
func (s *search) onVolume(mount spot, dir, how string) {
	mount.how = how
	name, err := foldPath(mount.root.FS(), dir)
	if err != nil {
		s.note(mount.in(dir).path(), how, cause(err))
		return
	}
	s.look(mount.in(name))
}

// reroot splits an absolute Windows path into its drive and its slash-separated
// path on that drive, or says why it is not followed.
func reroot(value string) (drive, dir, problem string) {
	if problem := notPlain(value); problem != "" {
		return "", "", problem
	}
	slashed := strings.ReplaceAll(value, `\`, "/")
	switch {
	case strings.HasPrefix(slashed, "//"):
		return "", "", "not followed: a network or device path, wanted one of the volume"
	case len(slashed) < 3 || slashed[1:3] != ":/" || !isLetter(slashed[0]):
		return "", "", notAbsolute
	}
	var elems []string
	for elem := range strings.SplitSeq(slashed[3:], "/") {
		switch elem {
		case "", ".":
		case "..":
			return "", "", "not followed: it has .. in it"
		default:
			elems = append(elems, elem)
		}
	}
	if elems == nil {
		return slashed[:2], ".", ""
	}
	return slashed[:2], strings.Join(elems, "/"), ""
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }
