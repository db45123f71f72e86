//go:build linux

package main

import (
	"bytes"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"usmtpkg/locate/pe"
	"usmtpkg/locate/samplekit"
)

// plan lists the files of a workload. Every workload is a USMT folder that
// passes usmtpkg's own validation.
func plan(name string, scale float64) ([]file, error) {
	random := rand.New(rand.NewPCG(1, 1))
	switch name {
	case "W1":
		return kitPlan(random, scale), nil
	case "W2":
		return smallPlan(scale), nil
	case "W3":
		return largePlan(scale), nil
	}
	return nil, fmt.Errorf("unknown workload %q, want W1, W2 or W3", name)
}

// core is the sample kit: the files without which a folder is no USMT.
func core(arches ...string) []file {
	kit := samplekit.Files(samplekit.Options{Arches: arches})
	files := make([]file, 0, len(kit))
	for _, p := range slices.Sorted(maps.Keys(kit)) {
		files = append(files, file{path: p, kind: fixed, size: int64(len(kit[p])), data: kit[p]})
	}
	return files
}

func machines() map[string]pe.Machine {
	return map[string]pe.Machine{"amd64": pe.AMD64, "arm64": pe.ARM64, "x86": pe.I386}
}

// kitPlan has the shape of the USMT of a current ADK: three arches, about
// 1,200 files, 160 MB, nearly all of it in programs of 50 KB to 3 MB.
func kitPlan(random *rand.Rand, scale float64) []file {
	const (
		programs = 95 // in the root of an arch folder, those of the sample kit included
		texts    = 17
		messages = 8
		list     = 180
		replaced = 65
		volume   = 145e6 // of all programs, in bytes
	)
	count := func(n int) int { return max(1, int(float64(n)*scale)) }
	between := func(low, high int64) int64 { return low + random.Int64N(high-low+1) }
	files := core()
	for _, arch := range slices.Sorted(maps.Keys(machines())) {
		m := machines()[arch]
		add := func(k kind, size int64, format string, args ...any) {
			files = append(files, file{path: arch + "/" + fmt.Sprintf(format, args...), kind: k, size: size, mach: m})
		}
		roots := rootPrograms(files, arch)
		for i := range max(0, count(programs)-len(roots)) {
			add(program, 0, "mig%03dengine.dll", i)
			roots = append(roots, len(files)-1)
		}
		for i, size := range programSizes(random, len(roots), volume*scale/3) {
			f := &files[roots[i]]
			f.kind, f.size, f.mach = program, size, m
		}
		for i := range count(texts) {
			add(migration, between(2_000, 200_000), "Mig Doc %03d.xml", i)
		}
		for i := range count(messages) {
			add(program, between(3_000, 40_000), "%s/res%03d.dll.mui", []string{"en-us", "de-de", "fr-fr"}[i%3], i)
		}
		for i := range count(list) {
			add(manifest, between(700, 20_000), "DLManifests/Microsoft-Windows-Component-%03d-DL.man", i)
		}
		for i := range count(replaced) {
			folder := ""
			if i%2 == 1 {
				folder = fmt.Sprintf("microsoft-windows-feature-%02d/", i%11)
			}
			add(manifest, between(600, 12_000), "ReplacementManifests/%sMicrosoft-Windows-Rep-%03d-Replacement.man", folder, i)
		}
	}
	return files
}

// rootPrograms are the indexes of the programs directly in an arch folder.
func rootPrograms(files []file, arch string) []int {
	var at []int
	for i, f := range files {
		if path.Dir(f.path) == arch && bytes.HasPrefix(f.data, []byte("MZ")) {
			at = append(at, i)
		}
	}
	return at
}

// programSizes are n sizes of the spread that real kits show, total bytes in all.
func programSizes(random *rand.Rand, n int, total float64) []int64 {
	const low, high = 50_000, 3_000_000
	raw := make([]float64, n)
	var sum float64
	for i := range raw {
		raw[i] = min(high, max(low, math.Exp(12.8+0.9*random.NormFloat64())))
		sum += raw[i]
	}
	sizes := make([]int64, n)
	for i, r := range raw {
		sizes[i] = int64(min(high, max(low, r*total/sum)))
	}
	return sizes
}

// smallPlan has 20,000 files of 4,096 bytes in 200 folders.
func smallPlan(scale float64) []file {
	files := core()
	arches := slices.Sorted(maps.Keys(machines()))
	for i := range max(1, int(20_000*scale)) {
		folder := i % 200
		f := file{path: fmt.Sprintf("%s/d%03d/file%05d", arches[folder%len(arches)], folder, i), kind: opaque, size: 4096}
		if i/200%2 == 1 {
			f.kind = manifest
		}
		f.path += map[kind]string{opaque: ".dat", manifest: ".man"}[f.kind]
		files = append(files, f)
	}
	return files
}

// largePlan has 8 files of 256 MiB.
func largePlan(scale float64) []file {
	files := core("amd64")
	for i := range 8 {
		files = append(files, file{path: fmt.Sprintf("amd64/image%d.wim", i), kind: opaque, size: max(1, int64(float64(256<<20)*scale))})
	}
	return files
}

// changing picks 5 % of the files that are made here, spread over all sizes,
// so that they hold about 5 % of the bytes as well.
func changing(files []file) []int {
	var made []int
	for i, f := range files {
		if f.kind != fixed {
			made = append(made, i)
		}
	}
	slices.SortStableFunc(made, func(a, b int) int {
		if d := files[a].size - files[b].size; d != 0 {
			return int(d)
		}
		return strings.Compare(files[a].path, files[b].path)
	})
	var picked []int
	for at := 10; at < len(made)+10; at += 20 { // every twentieth, the middle one
		picked = append(picked, made[min(at, len(made)-1)])
	}
	return picked
}
