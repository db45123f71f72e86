package main

import (
	"bytes"
	"encoding/json"
	"maps"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usmtpkg/pkgdef"
	"usmtpkg/testdata/doccheck"
)

// The schema and the program accept the same documents. Both judge every value of a list of
// nasty ones behind every key, all pairs of keys that belong together, and documents at random.
func TestSchemaAndProgramAgree(t *testing.T) {
	checker := filepath.Join("..", "..", "testdata", "schema")
	if !doccheck.Has(t, "node", "`make schema` was not run", filepath.Join(checker, "node_modules", "ajv")) {
		return
	}
	var in bytes.Buffer
	docs := settingsDocuments()
	for _, d := range docs {
		in.Write(d)
		in.WriteByte('\n')
	}
	node := exec.CommandContext(t.Context(), "node", "check.mjs", filepath.Join("..", "..", "docs", "usmtpkg.schema.json"))
	node.Dir, node.Stdin = checker, &in
	out, err := node.CombinedOutput()
	verdicts := strings.Split(strings.TrimSuffix(string(out), "\n"), "\n")
	if err != nil || len(verdicts) != len(docs) {
		t.Fatalf("check.mjs: %v, %d verdicts on %d documents\n%.2000s", err, len(verdicts), len(docs), out)
	}
	accepted, disagreed, flags := 0, 0, allFlags()
	for i, d := range docs {
		_, err := parseConfig(d, flags)
		if (err == nil) != (verdicts[i] == "ok") {
			if disagreed++; disagreed <= 20 {
				t.Errorf("%s\n  schema:  %s\n  program: %v", d, verdicts[i], err)
			}
		}
		if err == nil {
			accepted++
		}
	}
	if disagreed > 0 {
		t.Errorf("schema and program disagree on %d of %d documents", disagreed, len(docs))
	}
	if accepted < len(docs)/10 || accepted > len(docs)*9/10 {
		t.Errorf("%d of %d documents are right: so one-sided a list shows little", accepted, len(docs))
	}
	t.Logf("%d documents, %d of them right", len(docs), accepted)
}

// nasty are values that stand behind every key once.
func nasty() []any {
	list := []any{
		nil, true, false, 0, 1, -1, 3, 1.5, 2.0, 1e2, 257, 31, 601, 10081, 99999, 100000, 1e300,
		"", " ", "a", " a", "a ", "a b", "A", "Zürich", "日本", "a\u0007b", "a\nb", "a\u00a0", "\u202ea", "a\u0300", "🙂", "\"a", "'a", "a\"b", "true", "1", "null", "~",
		"amd64", "AMD64", "amd64,x86", "amd64, x86", "amd64,", ",", " , ", "amd65", "X86 , arm64", "reread", "json", "none", "placeholder", "standard", "customize", "normal", "vss", "hours", "days",
		"percent", "megabyte", "smp01", "smp01.", "-a", "P01", "P012", "p-1", "a.xml", "A.XML", "a/b.xml", `a\b.xml`, ".xml", "a.txt", `D:\S`, `D:\`, "D:", `D:\S;x`, "D:/S", `D:\S\`, `D:\S\.`,
		`\\srv\share`, `\\srv\share\USMT`, `\\srv\share\USMT\`, `\\srv`, `\\`, `\\srv\sh+are`, "/srv/usmt", "//srv/usmt", "/", "%_SMSTSUserStatePath%", `%A%\b`, "%1%",
		"/etc/shadow", "../x", "a/../x", "a/..", "..", "...", "a..b", "c:x", "a, ../x", "a,/x", "~/x", "a,b", "a,,b",
		strings.Repeat("a", 32), strings.Repeat("a", 33), strings.Repeat("ä", 50), strings.Repeat("a", 50), strings.Repeat("a", 51), strings.Repeat("a", 127), strings.Repeat("a", 128), strings.Repeat("ä", 255), strings.Repeat("a", 256),
		[]any{}, []any{nil}, []any{""}, []any{"a"}, []any{"a", "a"}, []any{"a", "A"}, []any{1}, []any{true}, []any{[]any{"a"}}, []any{map[string]any{"a": "b"}},
		[]any{"a.xml"}, []any{"a.xml", "b.xml"}, []any{" a.xml"}, []any{"amd64"}, []any{"amd64", "X86"}, []any{"amd64 "}, []any{"amd64,x86"}, []any{"../a"}, []any{"a", "/b"}, []any{"a,b"}, []any{"dp01", "dp02"},
		map[string]any{}, map[string]any{"a": "b"}, map[string]any{"from": "a.xml"},
		[]any{map[string]any{"from": "a.xml"}, "b.xml"}, []any{map[string]any{"from": "a.xml", "replace": true}}, []any{map[string]any{"from": "a.xml", "replace": "true"}},
		[]any{map[string]any{"from": nil}}, []any{map[string]any{"replace": true}}, []any{map[string]any{"from": "/etc/shadow"}}, []any{map[string]any{"from": "a", "more": "b"}},
	}
	var many []any
	for range 257 {
		many = append(many, "x"+strings.Repeat("y", len(many)%200))
	}
	list = append(list, slices.Compact(many))
	folder := map[string]any{"path": `D:\S`, "maxClients": 100, "minFreeSpace": 10, "minFreeSpaceUnit": "percent"}
	for key, values := range map[string][]any{
		"path": {`D:\S`, `\\srv\s`, "", nil, 1, `D:\a;b`}, "maxClients": {1, 0, 99999, 100000, "1", nil, 1.0},
		"minFreeSpace": {1, 100, 101, 0, nil}, "minFreeSpaceUnit": {"percent", "gigabyte", "MB", nil}, "other": {1},
	} {
		for _, v := range values {
			f := maps.Clone(folder)
			f[key] = v
			list = append(list, []any{f})
		}
		without := maps.Clone(folder)
		delete(without, key)
		list = append(list, []any{without})
	}
	return append(list, []any{folder, folder})
}

// settingsDocuments are documents for usmtpkg.yaml, as JSON, which is YAML too.
func settingsDocuments() [][]byte {
	var docs [][]byte
	add := func(d any) {
		b, err := json.Marshal(d)
		if err != nil {
			panic(err)
		}
		docs = append(docs, b)
	}
	type place struct{ section, key string }
	var places []place
	for _, name := range slices.Sorted(maps.Keys(allFlags())) {
		places = append(places, place{"", name})
	}
	for _, k := range pkgdef.Keys() {
		places = append(places, place{k.Section, k.Name})
	}
	put := func(doc map[string]any, p place, v any) {
		if p.section == "" {
			doc[p.key] = v
			return
		}
		section, ok := doc[p.section].(map[string]any)
		if !ok {
			section = map[string]any{}
			doc[p.section] = section
		}
		section[p.key] = v
	}
	values := nasty()
	for _, p := range append(places, place{"", "nonsense"}, place{"capture", "nonsense"}) {
		for _, v := range values {
			doc := map[string]any{}
			put(doc, p, v)
			add(doc)
		}
	}
	for _, section := range pkgdef.Sections() {
		for _, v := range values {
			add(map[string]any{section: v})
		}
	}
	for _, v := range []any{nil, "a", 1, []any{}, map[string]any{}} {
		add(v)
	}
	right := rightValues()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same documents every time
	for range 3000 {
		doc := map[string]any{}
		for range 1 + random.IntN(7) {
			p := places[random.IntN(len(places))]
			if of := right[p.section+"."+p.key]; len(of) > 0 {
				put(doc, p, of[random.IntN(len(of))])
			}
		}
		add(doc)
	}
	return docs
}

// rightValues are values that each key takes by itself: what is wrong with documents of them are
// contradictions.
func rightValues() map[string][]any {
	right, flags := map[string][]any{}, allFlags()
	try := func(section, key string) {
		for _, v := range nasty() {
			inner := map[string]any{key: v}
			if section != "" {
				inner = map[string]any{section: inner}
			}
			b, err := json.Marshal(inner)
			if err != nil {
				panic(err)
			}
			conf, err := parseConfig(b, flags)
			contradicts := err != nil && (strings.Contains(err.Error(), "which goes with") || strings.Contains(err.Error(), ": is empty, want"))
			if (err == nil || contradicts) && (conf.sections || section == "" || len(conf.settings) > 0) {
				right[section+"."+key] = append(right[section+"."+key], v)
			}
		}
	}
	for name := range knownKeys() {
		try("", name)
	}
	for _, k := range pkgdef.Keys() {
		try(k.Section, k.Name)
	}
	return right
}
