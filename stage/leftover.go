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

// A recovery writes into a folder beside its target, .<target>.<16 hex>.partial, in which lie
// recoveryFile, that proves whose it is, and recoveredDir, that gets the target's name when it
// is whole. What a recovery that was killed left is so known from what somebody else put there.
const (
	recoveryFile   = ".recovery.json"
	recoveredDir   = "data"
	recoveryFormat = "usmtpkg recovery"
)

// recoveryOwner is the content of the recoveryFile. The first four keys are the same whoever
// writes it.
type recoveryOwner struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Target  string `json:"target"` // the name of the target
	Token   string `json:"token"`  // the 16 hex digits in the folder's name
	Host    string `json:"host"`
	Machine string `json:"machine"`
	PID     int    `json:"pid"`
}

// makePartial makes the folder to recover into. Another recovery may take it for what was left,
// as long as nothing in it tells otherwise, and remove it: then the next one is tried.
func (r *recovery) makePartial(parent *os.Root) (name string, err error) {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	for range 3 {
		token := randomHex(8)
		name = "." + r.base + "." + token + partialSuffix
		if err = parent.Mkdir(name, 0o777); err != nil {
			return "", err
		}
		r.o.step("made")
		own := recoveryOwner{recoveryFormat, formatVersion, r.base, token, host, machineID(), os.Getpid()}
		b, _ := json.Marshal(own) // strings and numbers are always encoded
		if err = writeNew(r.o.disk, parent, name+"/"+recoveryFile, append(b, '\n')); err == nil {
			r.o.step("owned")
			err = parent.Mkdir(name+"/"+recoveredDir, 0o777)
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

// reclaim removes what recoveries of this target left that were killed, and notes what it did and
// what it left alone.
func (r *recovery) reclaim(ctx context.Context, parent *os.Root) error {
	entries, err := fs.ReadDir(parent.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		token, ours := r.token(e.Name())
		if !ours || !e.IsDir() {
			continue
		}
		parts, why := r.checkLeftover(parent, e.Name(), token)
		if why != "" {
			r.notes = append(r.notes, fmt.Sprintf("left %s alone: %s", e.Name(), why))
			continue
		}
		r.o.step("judged")
		err := removePartial(ctx, parent, e.Name(), parts)
		if err != nil && len(parts) < len(wholePartial) {
			r.notes = append(r.notes, fmt.Sprintf("left %s alone: it seemed to be of a recovery killed in its first moment, and could not be removed: %v", e.Name(), err))
			continue
		}
		if err != nil {
			return fmt.Errorf("clearing %s, left by an interrupted recovery: %w", e.Name(), err)
		}
		r.notes = append(r.notes, fmt.Sprintf("cleared %s, left by an interrupted recovery", e.Name()))
	}
	return nil
}

// token returns the hex digits in the name of a folder of this target's recoveries.
func (r *recovery) token(name string) (string, bool) {
	token, begins := strings.CutPrefix(name, "."+r.base+".")
	token, ends := strings.CutSuffix(token, partialSuffix)
	return token, begins && ends && len(token) == 16 && strings.Trim(token, "0123456789abcdef") == ""
}

// What a recovery makes in its folder, in the order in which it is removed: what proves whose it
// is goes last, so that an interrupted removal can be resumed.
var (
	wholePartial = []string{recoveredDir, recoveryFile}
	youngPartial = []string{recoveryFile} // before it was made as a whole
)

// checkLeftover says why a folder is not to be removed; empty: it is one of an interrupted recovery, and
// these parts of it go. One that is empty, or holds but a part of the recoveryFile, was left in its
// first moment, or is of a recovery that begins right now: no copy in it is touched.
func (r *recovery) checkLeftover(parent *os.Root, name, token string) (parts []string, why string) {
	entries, err := fs.ReadDir(parent.FS(), name)
	if err != nil {
		return nil, err.Error()
	}
	const stranger = "nothing in it proves that it is a recovery's"
	for _, e := range entries {
		proof, copied := e.Name() == recoveryFile && e.Type().IsRegular(), e.Name() == recoveredDir && e.IsDir()
		if !proof && !copied {
			return nil, stranger
		}
	}
	if len(entries) == 0 {
		return nil, ""
	}
	want := recoveryOwner{Format: recoveryFormat, Version: formatVersion, Target: r.base, Token: token}
	b, err := readSmall(parent, name+"/"+recoveryFile)
	if err != nil {
		return nil, stranger
	}
	var own recoveryOwner
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
		return nil, fmt.Sprintf("process %d on %s made it, before this machine was started or on another; delete it if no recovery runs there", own.PID, own.Host)
	case isRunning(own.PID):
		return nil, fmt.Sprintf("process %d, which made it, is running", own.PID)
	}
	return wholePartial, ""
}

// removePartial removes these parts of such a folder, and then the folder, which stays if it holds
// anything else.
func removePartial(ctx context.Context, parent *os.Root, name string, parts []string) error {
	for _, part := range parts {
		if err := tree.RetryLocked(ctx, func() error { return parent.RemoveAll(name + "/" + part) }); err != nil {
			return err
		}
	}
	err := tree.RetryLocked(ctx, func() error { return parent.Remove(name) })
	if errors.Is(err, fs.ErrNotExist) {
		err = nil // another recovery cleared it away
	}
	return err
}
