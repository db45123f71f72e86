package stage

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"usmtpkg/locate/tree"
)

// An extraction writes into a folder beside its target, .<target>.<16 hex>.partial, in which are
// extractionFile, that proves whose it is, and extractedDir, that gets the target's name when it
// is whole. What an extraction that was killed left is so known from what somebody else put there.
const (
	extractionFile   = ".extraction.json"
	extractedDir     = "data"
	extractionFormat = "usmtpkg extraction"
)

// extractionOwner is the content of the extractionFile. The first four keys are the same whoever
// writes it.
type extractionOwner struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Target  string `json:"target"` // the name of the target
	Token   string `json:"token"`  // the 16 hex digits in the folder's name
	Host    string `json:"host"`
	Machine string `json:"machine"`
	PID     int    `json:"pid"`
}

// makePartial makes the folder to extract into. Another extraction may take it for what was left,
// as long as nothing in it says otherwise, and remove it: then the next one is tried.
func (x *extraction) makePartial(parent *os.Root) (name string, err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	for range 3 {
		token := randomHex(8)
		name = "." + x.base + "." + token + partialSuffix
		perm := os.FileMode(0o777)
		if x.private {
			perm = 0o700
		}
		if err = parent.Mkdir(name, perm); err != nil {
			return "", err
		}
		x.o.step("made")
		own := extractionOwner{extractionFormat, formatVersion, x.base, token, host, machineID(), os.Getpid()}
		b, _ := json.Marshal(own) // strings and numbers are always encoded
		if err = writeNew(x.o.disk, parent, name+"/"+extractionFile, append(b, '\n')); err == nil {
			x.o.step("owned")
			err = parent.Mkdir(name+"/"+extractedDir, 0o777)
		}
		if err == nil {
			return name, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", errors.Join(err, parent.RemoveAll(name))
		}
	}
	return "", err
}

// reclaim removes what extractions to this target left that were killed, and notes what it did and
// what it left alone.
func (x *extraction) reclaim(ctx context.Context, parent *os.Root) error {
	entries, err := fs.ReadDir(parent.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		token, ours := x.token(e.Name())
		if !ours || !e.IsDir() {
			continue
		}
		parts, why := x.checkLeftover(parent, e.Name(), token)
		if why != "" {
			x.notes = append(x.notes, fmt.Sprintf("left %s alone: %s", e.Name(), why))
			continue
		}
		x.o.step("judged")
		err := removePartial(ctx, parent, e.Name(), parts)
		if err != nil && len(parts) < len(wholePartial) {
			x.notes = append(x.notes, fmt.Sprintf("left %s alone: it seems to be from a run that was killed at its start, and it could not be removed: %v", e.Name(), err))
			continue
		}
		if err != nil {
			return fmt.Errorf("clearing %s, left by an interrupted run: %w", e.Name(), err)
		}
		x.notes = append(x.notes, fmt.Sprintf("cleared %s, left by an interrupted run", e.Name()))
	}
	return nil
}

// token returns the hex digits in the name of a folder of an extraction to this target.
func (x *extraction) token(name string) (string, bool) {
	token, begins := strings.CutPrefix(name, "."+x.base+".")
	token, ends := strings.CutSuffix(token, partialSuffix)
	return token, begins && ends && len(token) == 16 && strings.Trim(token, "0123456789abcdef") == ""
}

// What an extraction makes in its folder, in the order in which it is removed: what proves whose it
// is goes last, so that an interrupted removal can be resumed.
var (
	wholePartial = []string{extractedDir, extractionFile}
	youngPartial = []string{extractionFile} // before it was made as a whole
)

// checkLeftover says why a folder is not to be removed; empty: it is one of an interrupted run, and
// these parts of it go. One that is empty, or has only a part of the extractionFile, was left in its
// first moment, or is of an extraction that begins right now: no copy in it is touched.
func (x *extraction) checkLeftover(parent *os.Root, name, token string) (parts []string, why string) {
	entries, err := fs.ReadDir(parent.FS(), name)
	if err != nil {
		return nil, err.Error()
	}
	const stranger = "nothing in it proves that it belongs to usmtpkg"
	for _, e := range entries {
		proof, copied := e.Name() == extractionFile && e.Type().IsRegular(), e.Name() == extractedDir && e.IsDir()
		if !proof && !copied {
			return nil, stranger
		}
	}
	if len(entries) == 0 {
		return nil, ""
	}
	want := extractionOwner{Format: extractionFormat, Version: formatVersion, Target: x.base, Token: token}
	b, err := readSmall(parent, name+"/"+extractionFile)
	if err != nil {
		return nil, stranger
	}
	var own extractionOwner
	if json.Unmarshal(b, &own) != nil {
		head, _ := json.Marshal(want)
		head, _, _ = bytes.Cut(head, []byte(`"host"`))
		if torn := bytes.TrimRight(b, "\x00"); len(entries) == 1 && (bytes.HasPrefix(head, torn) || bytes.HasPrefix(torn, head)) {
			return youngPartial, ""
		}
		return nil, stranger
	}
	want.Host, want.Machine, want.PID = own.Host, own.Machine, own.PID
	if own != want {
		return nil, stranger
	}
	h := holder{Host: own.Host, Machine: own.Machine}
	host, err := os.Hostname()
	switch {
	case err != nil || !h.sameMachine(host):
		return nil, fmt.Sprintf("process %d on %s made it, on another machine or before this one was restarted; delete it if usmtpkg is not running there", own.PID, own.Host)
	case isRunning(own.PID):
		return nil, fmt.Sprintf("process %d, which made it, is running", own.PID)
	}
	return wholePartial, ""
}

// removePartial removes these parts of such a folder, and then the folder, which stays if it contains
// anything else.
func removePartial(ctx context.Context, parent *os.Root, name string, parts []string) error {
	for _, part := range parts {
		if err := tree.RetryLocked(ctx, func() error { return parent.RemoveAll(name + "/" + part) }); err != nil {
			return err
		}
	}
	err := tree.RetryLocked(ctx, func() error { return parent.Remove(name) })
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // another extraction cleared it away
	}
	return err
}
