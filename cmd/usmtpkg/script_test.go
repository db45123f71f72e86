package main

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"

	"usmtpkg/testdata/doccheck"
)

var update = flag.Bool("update", false, "rewrite the wanted files in the scripts")

func TestMain(m *testing.M) {
	testscript.Main(leakFree{m}, map[string]func(){"usmtpkg": checkedMain})
}

// schemasIn is the variable that tells a program of a script where the repository is.
const schemasIn = "SCHEMAS_IN"

// checkedMain is main, and fails if the program prints a JSON document that its schema does not allow.
func checkedMain() {
	var out bytes.Buffer
	status := start(io.MultiWriter(os.Stdout, &out))
	if _, err := doccheck.CheckDocument(os.Getenv(schemasIn), out.String()); err != nil {
		_, _ = os.Stderr.WriteString("the document does not fit its schema: " + err.Error() + "\n" + out.String())
		status = 99
	}
	os.Exit(status)
}

// leakFree runs the tests and fails when a goroutine is left of the commands that ran in them.
type leakFree struct{ tests *testing.M }

func (l leakFree) Run() int {
	status := l.tests.Run()
	if err := goleak.Find(); err != nil && status == 0 {
		_, _ = os.Stderr.WriteString(err.Error() + "\n")
		return 1
	}
	return status
}

// TestScript runs the scripts of testdata/script: what a user sees, and what
// lies on the disk afterwards. Beside the commands and conditions of package
// testscript they have these:
//
//	status N PROGRAM ARG...   run a program that must end with exit status N
//	interrupt PROGRAM ARG...  run a program, send it Ctrl-C at its first words on stderr, want status 130
//	kit DIR [-version V] [-arch A,B] [-unsigned] [-named]   make the sample kit in DIR, its programs signed under a
//	                          root of this run of the tests that $USMTPKG_TRUST_ROOT names; -named: with their names in them
//	pe FILE ARCH VERSION [N]  make a program, with N bytes of code more; VERSION none: without one
//	catalog FILE DIR          make a signed catalog of all files below DIR
//	msi FILE DIR [-only REGEXP] [-product V] [-unsigned] [-weak]   make a signed MSI of the kit in DIR, of those files
//	                          alone, with that product version; -weak: without the names of its tables
//	hive FILE                 the SOFTWARE hive of a volume with kits in C:\Kits\10, of which Windows Installer
//	                          keeps C:\Windows\Installer\1a2b.msi and 3c4d.msi
//	write FILE TEXT           make a file of the text, in which \r, \n, \x00 and \ufeff stand for what they do in Go
//	append FILE TEXT          add text to the end of a file
//	flip FILE [OFFSET]        flip the lowest bit of a byte, the first if not said
//	shorten FILE N            take N bytes from its end
//	seal DIR PART...          make a bag consistent again: manifest, record (the digest in release.json), tags
//	edit FILE REGEXP TEXT     replace what the regular expression finds, $1 standing for what it found
//	keys DIR                  minisign keys: minisign.key and .pub; encrypted.key, the same key, with the
//	                          password "correct horse"; other.key and .pub, which are new every time
//	contentlib DIR[,DIR] FROM ID VERSION [HASH]   add the folder FROM to a content library of ConfigMgr, as this
//	                          version of a package, with that content hash
//	object NAME DIR[,DIR] FILE   set an environment variable to the path of the object with the content of FILE
//	distmgr FILE ID VERSION HASH   append to a log what ConfigMgr prints when it refreshes a package
//	archive OUT DIR [-below FOLDER] [file:NAME | link:NAME]...   pack the files below DIR into a .tar.zst or .zip as
//	                          others do it, all below FOLDER; then a file or link of that name, which is not in DIR
//	registry [USER:PASSWORD | -proxy]   start a registry, which $REGISTRY names; -proxy: with TLS, a certificate by ca.pem, and
//	                          to be reached only by the proxy that $HTTPS_PROXY names
//	spoil REPOSITORY:TAG PART change a byte of a layer in the registry
//	tree DIR FILE             write a listing of DIR to FILE: type, time, checksum, path of everything below it
//	[!] json FILE PATH [WANT] the value at PATH in a JSON file, such as findings[0].rule; [len] is the length
//	                          of a list, [rule=core-missing] the first element that has that; ! : nothing is there
//	jsonenv NAME FILE PATH    set an environment variable to such a value
//	jsonkeys FILE OUT         write all keys of a JSON file to OUT, sorted
//	sarif FILE                FILE must be a SARIF document whose parts fit together
//	junit FILE                FILE must be a JUnit document: well-formed, and with counts that are right
//
//	[root]   the user may do anything, so that rights keep nobody out
//	[links]  symbolic links can be made; Wine says they can and makes none
//	[case]   the file system tells names apart that differ in case only
//
// FILE may be stdout or stderr where it is read. $ROOT is the root of the volume that $WORK is on,
// $LF a line feed, $LONG a word of 128 letters.
func TestScript(t *testing.T) {
	signer := newKitSigner(t, "Script Kits Publisher")
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("..", "..", "testdata", "script"),
		UpdateScripts:       *update,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               signer.trusted,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":    cmdStatus,
			"interrupt": cmdInterrupt,
			"kit":       signer.cmdKit,
			"pe":        signer.cmdPE,
			"catalog":   signer.cmdCatalog,
			"msi":       signer.cmdMSI,
			"hive":      cmdHive,
			"write":     cmdWrite,
			"append":    cmdAppend,
			"flip":      cmdFlip,
			"shorten":   cmdShorten,
			"seal":      cmdSeal,
			"edit":      cmdEdit,
			"keys":      cmdKeys,
			"tree":      cmdTree,
			"registry":  cmdRegistry,
			"spoil":     cmdSpoil,
			"archive":   cmdArchive,

			"contentlib": cmdContentLib,
			"object":     cmdObject,
			"distmgr":    cmdDistmgr,

			"json":     cmdJSON,
			"jsonenv":  cmdJSONEnv,
			"jsonkeys": cmdJSONKeys,
			"sarif":    cmdSARIF,
			"junit":    cmdJUnit,
		},
	})
}

// home gives a script a home of its own. Nothing else of the surroundings gets
// into its environment, no USMTPKG_* either: testscript starts from nothing.
func home(env *testscript.Env) error {
	dir := filepath.Join(env.WorkDir, ".home")
	for _, name := range []string{"HOME", "USERPROFILE"} {
		env.Setenv(name, dir)
	}
	env.Setenv("ROOT", filepath.VolumeName(dir)+string(filepath.Separator))
	env.Setenv("LF", "\n")
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		return err
	}
	env.Setenv(schemasIn, root)
	if env.Getenv("GORACE") == "" {
		env.Setenv("GORACE", "atexit_sleep_ms=10") // each program run would end with a second of sleep
	}
	env.Setenv("LONG", strings.Repeat("x", 128))
	return os.Mkdir(dir, 0o777)
}

// condition answers for the conditions of our own.
func condition(name string) (bool, error) {
	switch name {
	case "root":
		return os.Geteuid() == 0, nil
	case "links":
		return hasTrait(func(dir string) bool {
			link := filepath.Join(dir, "link")
			if os.Symlink("target", link) != nil {
				return false
			}
			_, err := os.Readlink(link)
			return err == nil
		})
	case "case":
		return hasTrait(func(dir string) bool {
			if os.WriteFile(filepath.Join(dir, "name"), nil, 0o666) != nil {
				return false
			}
			_, err := os.Stat(filepath.Join(dir, "NAME"))
			return os.IsNotExist(err)
		})
	}
	return false, &unknownError{"condition", name}
}

// hasTrait tries something in a folder of its own.
func hasTrait(try func(dir string) bool) (bool, error) {
	dir, err := os.MkdirTemp("", "usmtpkg-trait")
	if err != nil {
		return false, err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // what stays is in the folder for temporary files
	return try(dir), nil
}

type unknownError struct{ what, name string }

func (e *unknownError) Error() string { return "unknown " + e.what + " " + e.name }

// usage ends a script whose command has the wrong arguments, or a ! that means nothing.
func usage(ts *testscript.TestScript, ok bool, text string) {
	if !ok {
		ts.Fatalf("usage: %s", text)
	}
}

// split cuts a list at its commas; nothing gives an empty list.
func split(list string) []string {
	return strings.FieldsFunc(list, func(r rune) bool { return r == ',' })
}
