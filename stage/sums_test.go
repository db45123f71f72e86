package stage

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// summed verifies a release and returns the report with its sums.
func summed(t *testing.T, dir string) Report {
	t.Helper()
	rep, err := Verify(t.Context(), dir, VerifyOptions{Sums: true})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

func TestSubjectsAreWhatWasRead(t *testing.T) {
	dir := released(t)
	rec, err := RecordIn(dir)
	if err != nil {
		t.Fatal(err)
	}
	rep := summed(t, dir)
	subjects := rep.Sums.Subjects()
	if len(subjects) != len(kit())+2 || subjects[0] != (Subject{"manifest-sha256.txt", rec.Digest}) || subjects[1].Path != releaseFile {
		t.Fatalf("subjects = %v, want the manifest, the record and %d files", subjects, len(kit()))
	}
	for i, s := range subjects[2:] {
		if !strings.HasPrefix(s.Path, "data/") || len(s.SHA256) != 64 || i > 0 && s.Path <= subjects[i+1].Path {
			t.Errorf("subject %d = %v after %v", i+2, s, subjects[i+1])
		}
	}
	if got := rep.Sums.Manifest(); got != rec.Digest {
		t.Errorf("Manifest = %s, want %s", got, rec.Digest)
	}

	before := subjects
	damage(t, filepath.Join(dir, "data/x86/big.dll"))
	for i, s := range summed(t, dir).Sums.Subjects() {
		if changed := s != before[i]; changed != (s.Path == "data/x86/big.dll") {
			t.Errorf("subject %v, before the damage %v", s, before[i])
		}
	}

	rename(t, filepath.Join(dir, "data/x86/big.dll"), filepath.Join(dir, "data/x86/x")) // Wine would leave the name as it is
	rename(t, filepath.Join(dir, "data/x86/x"), filepath.Join(dir, "data/x86/BIG.dll"))
	rep = Report{Files: summed(t, dir).Sums.CompareSubjects(before)}
	if got, want := verdicts(rep), "data/x86/BIG.dll extra\ndata/x86/big.dll missing"; got != want {
		t.Errorf("a file under another name: %q, want %q", got, want)
	}
	if rep, err := Verify(t.Context(), dir, VerifyOptions{}); err != nil || rep.Sums != nil {
		t.Errorf("sums nobody asked for: %v, %v", rep.Sums, err)
	}
}

func TestCompareSubjects(t *testing.T) {
	sums := Sums{"manifest-sha256.txt": "m", "release.json": "r", "data/a": "a", "data/b": "b", "bag-info.txt": "i"}
	all := sums.Subjects()
	tests := []struct {
		name string
		said []Subject
		want []FileResult // the differences
	}{
		{"all", all, nil},
		{"in another order", []Subject{all[3], all[0], all[2], all[1]}, nil},
		{"none", nil, []FileResult{
			{Path: "data/a", Verdict: Extra}, {Path: "data/b", Verdict: Extra},
			{Path: "manifest-sha256.txt", Verdict: Extra}, {Path: "release.json", Verdict: Extra},
		}},
		{"one left out", all[:3], []FileResult{{Path: "data/b", Verdict: Extra}}},
		{"one too many", append(all[:4:4], Subject{"data/c", "c"}), []FileResult{{Path: "data/c", Verdict: Missing}}},
		{"a tag file that is no subject", append(all[:4:4], Subject{"bag-info.txt", "i"}), []FileResult{{Path: "bag-info.txt", Verdict: Missing}}},
		{"another sum", append(all[:3:3], Subject{"data/b", "x"}), []FileResult{
			{Path: "data/b", Verdict: Changed, Wanted: "sha256 x", Found: "sha256 b"},
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rep := Report{Files: sums.CompareSubjects(tt.said)}
			if diff := cmp.Diff(tt.want, rep.Differences(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if len(sums) != 5 {
				t.Error("the sums were changed")
			}
		})
	}
}

func TestAttest(t *testing.T) {
	dir := t.TempDir()
	rel := mustStage(t, dir, source(kit()), options()).Release.Name
	files := map[string][]byte{"a": []byte(strings.Repeat("x", 2*maxMetaFile)), "b": []byte("b")}
	attest := func(want ...string) {
		t.Helper()
		w := writer(t, dir)
		todo, err := w.StaleAttestation(rel, files)
		if err != nil || !cmp.Equal(todo, append([]string{}, want...)) {
			t.Errorf("Unattested = %v, %v, want %v", todo, err, want)
		}
		written, err := w.Attest(t.Context(), rel, files)
		if err != nil || !cmp.Equal(written, append([]string{}, want...)) {
			t.Errorf("Attest = %v, %v, want %v", written, err, want)
		}
		if _, err := w.Attest(t.Context(), "10.0.1.2-000000000000", files); err == nil {
			t.Error("a release that is not there was attested")
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	}
	attest("a", "b")
	attest()
	files["a"] = files["a"][1:]
	attest("a")

	leftover := filepath.Join(At(dir).AttestationDir(rel), ".a.0123456789abcdef.partial")
	write(t, leftover, "x")
	attest()
	if names, err := filepath.Glob(filepath.Join(At(dir).AttestationDir(rel), ".*")); err != nil || len(names) > 0 {
		t.Errorf("left by an interrupted run and not cleared: %v, %v", names, err)
	}
}
