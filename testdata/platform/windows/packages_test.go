package windows

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// skips are the tests that do not run under Wine, and why; a name that ends in a slash stands for all
// parts of a test. Every other skip is a fault.
var skips = map[string]string{
	// There are no links: Wine 8 says that it made one and made none.
	"locate/tree.TestFoldersDoNotFollowLinksOut":                                       "links",
	"stage.TestRefusesThroughALink":                                                    "links",
	"stage.TestVerifyLinks":                                                            "links",
	"stage.TestRemoveRefuses/a_link_as_data":                                           "links",
	"stage.TestRemoveRefuses/a_link_in_data":                                           "links",
	"stage.TestRemoveRefuses/a_link_as_release":                                        "links",
	"stage.TestRemoveRefuses/a_link_as_definition":                                     "links",
	"stage.TestRemoveRefuses/a_link_as_definitions":                                    "links",
	"stage.TestRemoveRace/a_link":                                                      "links",
	"stage.TestProbe/cleared_away_once":                                                "Windows does not remove a file that is open",
	"stage.TestProbe/cleared_away_twice":                                               "Windows does not remove a file that is open",
	"pkgdef/cmlog.TestAppendTogether":                                                  "Wine does not append at once",
	"stage.TestRemovePowerCut":                                                         "Windows flushes no folders; the order of flushes is the same code",
	"pkgdef/contentlib.TestCheckLinks":                                                 "links",
	"cmd/usmtpkg.TestScript/validate_links":                                            "links",
	"cmd/usmtpkg.TestScript/verify_links":                                              "links",
	"cmd/usmtpkg.TestMeddled/a_folder_of_the_source_cannot_be_read":                    "links",
	"stage.TestExtractThroughALink":                                                    "links",
	"stage/overlay.TestLinksAreRefused":                                                "links",
	"cmd/usmtpkg.TestMeddled/a_file_of_the_source_becomes_a_link_that_leads_out_of_it": "links",
	"cmd/usmtpkg.TestMeddled/a_folder_of_the_source_becomes_a_link_to_itself":          "links",
	"stage.TestSourceErrorExplained/":                                                  "links",
	"stage.TestStageListsTheSourceAgain/a_file_becomes_a_link":                         "links",
	"stage.TestStageListsTheSourceAgain/a_folder_becomes_a_link_that_leads_out":        "links",
	"stage.TestStageListsTheSourceAgain/a_folder_becomes_a_file":                       "Windows keeps the name of a folder that is open",
	"stage.TestStageListsTheSourceAgain/a_folder_is_gone":                              "Windows keeps the name of a folder that is open",
	"stage.TestStageListsTheSourceAgain/the_source_is_gone":                            "Windows keeps the name of a folder that is open",
	"stage.TestPowerCut":                                                               "Windows flushes no folders; the order of flushes is the same code",
	"stage.TestExtractPowerCut":                                                        "Windows flushes no folders; the order of flushes is the same code",
	"stage.TestUncachedFollowsTheFlush":                                                "Windows flushes no folders; the order of flushes is the same code",
	"stage.TestStageFlushesEveryFileWithoutSyncFS":                                     "Windows flushes no folders; the order of flushes is the same code",
	"cmd/usmtpkg.TestForeignTextIsPlain":                                               "Windows makes no such name",
	"cmd/usmtpkg.TestGoldenRecording":                                                  "the picture is of Linux",
	"cmd/usmtpkg.TestShells":                                                           "the shells are those of Linux",
	"cmd/usmtpkg.TestSchemaAndProgramAgree":                                            "the judge is a program of Linux",
	"locate.TestGenuineCatalogs":                                                       "the kit is not ours",
	"stage/archive.TestJudges/":                                                        "the judges are programs of Linux",
	"stage/archive.TestOthers/":                                                        "the judges are programs of Linux",
	"stage/archive.TestSparse":                                                         "the judge is a program of Linux",
	"cmd/usmtpkg.TestScript/pack_judges":                                               "the judges are programs of Linux",
	"locate/cab.TestGenuineSignatures":                                                 "the kit is not ours",
	"locate/layout.TestGenuineRelease":                                                 "the kit is not ours",
	"stage/registry.TestCredentialHelper":                                              "the helper is a script of Linux",
	"locate/cab.TestGcab":                                                              "the judge is a program of Linux",
	"locate/cab.TestGenuine":                                                           "the kit is not ours",
	"locate/layout.TestBesideMsiextract":                                               "the judge is a program of Linux",
	"locate/layout.TestGenuine":                                                        "the kit is not ours",
	"locate/msi.TestStreamOfJudge":                                                     "the judge is a program of Linux",
	"cmd/usmtpkg.TestScript/verify_rights":                                             "Windows has no modes; TestReadOnlyVolume",
	"locate/msi.TestGenuine":                                                           "the kit is not ours",
	"locate/catalog.TestOpenSSL/":                                                      "the judge is a program of Linux",
	"locate/catalog.TestOsslsigncode/":                                                 "the judge is a program of Linux",
	"locate/msi.TestDatabaseOfJudge/":                                                  "the judge is a program of Linux",
	"locate/msi.TestTablesBesideJudge":                                                 "the judge is a program of Linux",
	"locate/msi.TestVerdictsBesideJudge":                                               "the judge is a program of Linux",
	"pkgdef.TestPowerShellSyntaxRefusesNewer":                                          "the judge is a program of Linux",
	"pkgdef.TestSiteSyntax":                                                            "the judge is a program of Linux",
	"cmd/usmtpkg.TestNamesForgeNoLine":                                                 "Windows refuses the names; TestNames has them",
	"cmd/usmtpkg.TestHostileFolder":                                                    "Windows refuses the names; TestNames has them",
	"cmd/usmtpkg.TestScript/validate_names":                                            "Windows refuses the names; TestNames has them",
	"pkgdef/contentlib.TestCheckTwins":                                                 "Windows takes names that differ in case for one",
	"cmd/usmtpkg.TestScript/refresh_rights":                                            "Windows has no modes; TestReadOnlyVolume",
	"cmd/usmtpkg.TestScript/refresh_interrupt":                                         "TestControlC",
	"cmd/usmtpkg.TestScript/attest_terminal":                                           "the terminal is one of Linux",
	"cmd/usmtpkg.TestScript/attest_minisign":                                           "the judge is a program of Linux",
	"cmd/usmtpkg.TestScript/verify_bagit_py":                                           "the judge is a program of Linux",
	"cmd/usmtpkg.TestScript/verify_sha256sum":                                          "the judge is a program of Linux",
	"cmd/usmtpkg.TestContentHash":                                                      "the judge is a program of Linux",
	"cmd/usmtpkg.TestExamplesBySchema":                                                 "the judge is a program of Linux",
	"locate/pe/wintrust.TestJudge/untrusted.exe":                                       "Wine trusts every root",
	"locate/pe/wintrust.TestJudgeSystemFile":                                           "nothing of Wine is signed",
	"locate/pe.TestVerdictsBesideJudge":                                                "the judge is a program of Linux",
	"pkgdef.TestPowerShellSyntax":                                                      "the judge is a program of Linux",
	"pkgdef.TestPowerShellSyntaxRefuses":                                               "the judge is a program of Linux",
	"pkgdef/contentlib.TestPredictAgainstPython":                                       "the judge is a program of Linux",
}

// fewest is how many tests have to have run and passed: a Wine that runs nothing, as one without
// 32-bit programs does with those, ends well, too. There are some 3,000.
const fewest = 2500

// TestPackages runs the tests of all packages as Windows programs. No other test runs beside it: of
// very many programs that are started at once, Wine ends one now and then before it has begun.
func TestPackages(t *testing.T) {
	m := Start(t)
	cmd := goTest(t, m, "-json", "./...")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	passed, skipped, failed := readResults(t, out)
	if err := cmd.Wait(); err != nil && len(failed) == 0 {
		t.Errorf("go test: %v\n%s", err, &stderr)
	}
	for _, f := range leaves(failed) {
		// One program of thousands: Wine 8 says this of it, and starts it the next time.
		if f.test == "" || !strings.Contains(f.said, ".exe: Internal error.]") {
			t.Errorf("%s:\n%s", f.name(), f.said)
			continue
		}
		t.Logf("again, since Wine did not start a program of it: %s", f.name())
		if out, err := goTest(t, m, "-run", f.pattern(), "./"+strings.TrimPrefix(f.pkg, "usmtpkg/")).CombinedOutput(); err != nil {
			t.Errorf("%s, again: %v\n%s", f.name(), err, out)
		}
	}
	t.Logf("%d tests passed, %d were skipped", passed, len(skipped))
	for _, name := range skipped {
		reason := reasonFor(name)
		t.Logf("skipped: %s: %s", name, reason)
		if reason == "" {
			t.Errorf("%s is skipped, and nobody said why it may be", name)
		}
	}
	if passed < fewest {
		t.Errorf("%d tests passed, want %d or more", passed, fewest)
	}
}

// reasonFor is why a test may be skipped: by its own name, or that of a test whose parts all may.
func reasonFor(name string) string {
	if reason := skips[name]; reason != "" {
		return reason
	}
	for all, reason := range skips {
		if strings.HasSuffix(all, "/") && strings.HasPrefix(name, all) {
			return reason
		}
	}
	return ""
}

// goTest is a run of tests as Windows programs.
func goTest(t *testing.T, m *Machine, args ...string) *exec.Cmd {
	args = append([]string{"test", "-count=1", "-timeout", "30m", "-exec", wine + "wine64"}, args...)
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = "../../.."
	cmd.Env = append(append(os.Environ(), m.env...), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0",
		"CI=") // which would have the judges required that are programs of Linux
	return cmd
}

// A failure is a test, or with no name a package, that failed, and what it had to say.
type failure struct{ pkg, test, said string }

func (f failure) name() string { return strings.TrimPrefix(f.pkg, "usmtpkg/") + "." + f.test }

// pattern selects the test.
func (f failure) pattern() string {
	parts := strings.Split(f.test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

// leaves leaves out those that failed because a part of them did.
func leaves(failed []failure) []failure {
	return slices.DeleteFunc(slices.Clone(failed), func(f failure) bool {
		return slices.ContainsFunc(failed, func(part failure) bool {
			return part.pkg == f.pkg && part.test != f.test && (f.test == "" || strings.HasPrefix(part.test, f.test+"/"))
		})
	})
}

// readResults counts the tests that passed, and names those that were skipped or failed.
func readResults(t *testing.T, r io.Reader) (passed int, skipped []string, failed []failure) {
	t.Helper()
	said := map[string]string{}
	for dec := json.NewDecoder(r); ; {
		var e struct{ Action, Package, Test, Output string }
		if err := dec.Decode(&e); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Error(err)
			break
		}
		f := failure{pkg: e.Package, test: e.Test}
		switch {
		case e.Action == "output":
			said[f.name()] += e.Output
		case e.Action == "fail":
			f.said = said[f.name()]
			failed = append(failed, f)
		case e.Test == "":
		case e.Action == "pass":
			passed++
			delete(said, f.name())
		case e.Action == "skip":
			skipped = append(skipped, f.name())
		}
	}
	slices.Sort(skipped)
	return passed, skipped, failed
}
