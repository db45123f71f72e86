// Command mount runs a command while a new folder is mounted as a slow share, and says what went over its
// wire. The command finds the folder in SHARE.
//
//	go run ./share/mount -latency 5ms -- sh -c 'cp -a /etc "$SHARE"'
package main

import (
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"usmtpkg/testdata/platform/share"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("mount: ")
	latency := flag.Duration("latency", 5*time.Millisecond, "how long the server takes for each call")
	rate := flag.Int64("rate", 125_000_000, "bytes a second, each way; 125 million are 1 Gbit/s")
	dir := flag.String("dir", os.TempDir(), "where the content of the share is kept for the time")
	flag.Parse()
	if err := run(*dir, &share.Wire{Latency: *latency, Rate: *rate}, flag.Args()); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, wire *share.Wire, command []string) (err error) {
	if len(command) == 0 {
		return errors.New("no command given")
	}
	if dir, err = os.MkdirTemp(dir, "usmtpkg-share-"); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	behind, at := filepath.Join(dir, "behind"), filepath.Join(dir, "share")
	if err := errors.Join(os.Mkdir(behind, 0o777), os.Mkdir(at, 0o777)); err != nil {
		return err
	}
	unmount, err := share.Mount(behind, at, wire)
	if err != nil {
		return err
	}
	defer unmount()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "SHARE="+at)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err = cmd.Run()
	fmt.Fprintf(os.Stderr, "mount: %d calls, %d bytes sent, %d received, %d copied by the server\n",
		wire.Calls.Load(), wire.Sent.Load(), wire.Received.Load(), wire.Copied.Load())
	return err
}
