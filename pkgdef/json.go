package pkgdef

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

const (
	jsonFormat  = "usmtpkg package definition"
	jsonVersion = 2

	// MaxJSON bounds a package.json that is read, in bytes. One of ours has 3 KiB, and
	// could have 1 MiB if every list of names in it were full.
	MaxJSON = 2 << 20
)

// document is package.json. The order of its fields is the order of the keys.
type document struct {
	Format      string      `json:"format"`
	Version     int         `json:"version"`
	Release     string      `json:"release"`
	Digest      string      `json:"digest"`
	USMTVersion string      `json:"usmt_version"`
	Arches      []string    `json:"arches"`
	Package     packagePart `json:"package"`
	ContentHash string      `json:"content_hash"`
	Settings    Settings    `json:"settings"`
	Sample      bool        `json:"sample,omitempty"`
}

type packagePart struct {
	Name         string  `json:"name"`
	Manufacturer string  `json:"manufacturer"`
	Version      string  `json:"version"`
	Language     string  `json:"language"`
	Comment      string  `json:"comment"`
	Program      Program `json:"program"`
	SourcePath   string  `json:"source_path"`
}

// WriteJSON writes d as package.json.
func WriteJSON(w io.Writer, d Definition) error {
	if err := d.Validate(); err != nil {
		return fmt.Errorf("package.json: %w", err)
	}
	data, err := encode(document{
		Format: jsonFormat, Version: jsonVersion,
		Release: d.Release, Digest: d.Digest, USMTVersion: d.USMTVersion, Arches: d.Arches,
		Package: packagePart{
			Name: d.Name, Manufacturer: d.Manufacturer, Version: d.Version, Language: d.Language,
			Comment: d.Comment, Program: d.Program, SourcePath: d.PackagePath,
		},
		ContentHash: d.ContentHash, Settings: d.Settings.withLists(), Sample: d.Sample,
	})
	if err != nil {
		return fmt.Errorf("package.json: %w", err)
	}
	_, err = w.Write(data)
	return err
}

func encode(doc any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(doc)
	return b.Bytes(), err
}

// ParseJSON reads a package.json of this version of the format, strictly. What it
// accepts, WriteJSON writes.
func ParseJSON(r io.Reader) (Definition, error) {
	data, err := io.ReadAll(io.LimitReader(r, MaxJSON+1))
	if err != nil {
		return Definition{}, fmt.Errorf("reading package.json: %w", err)
	}
	doc, err := decode(data)
	if err != nil {
		return Definition{}, fmt.Errorf("package.json: %w", err)
	}
	p := doc.Package
	d := Definition{
		Name: p.Name, Manufacturer: p.Manufacturer, Version: p.Version, Language: p.Language,
		Comment: p.Comment, Program: p.Program, PackagePath: p.SourcePath,
		Release: doc.Release, Digest: doc.Digest, USMTVersion: doc.USMTVersion, Arches: doc.Arches,
		ContentHash: doc.ContentHash, Settings: doc.Settings, Sample: doc.Sample,
	}
	if err := d.Validate(); err != nil {
		return Definition{}, fmt.Errorf("package.json: %w", err)
	}
	return d, nil
}

func decode(data []byte) (document, error) {
	if len(data) > MaxJSON {
		return document{}, fmt.Errorf("more than %d bytes", MaxJSON)
	}
	if !utf8.Valid(data) {
		return document{}, errors.New("is not UTF-8")
	}
	// First the version alone: of a later one the keys would be unknown too, and
	// the version is what is to be said.
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return document{}, err
	}
	var doc document
	if head.Format != jsonFormat || head.Version != jsonVersion {
		return doc, fmt.Errorf("found format %q, version %d, wanted %q, version %d",
			head.Format, head.Version, jsonFormat, jsonVersion)
	}
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if err := d.Decode(&doc); err != nil {
		return doc, err
	}
	doc.Settings = doc.Settings.withLists()
	return doc, sameTokens(data, doc)
}

// sameTokens refuses data that says doc in other words than WriteJSON would.
// encoding/json lets pass a key that is doubled, missing or in another case, and
// null for anything: none of them gives the same tokens.
func sameTokens(data []byte, doc any) error {
	canonical, err := encode(doc)
	if err != nil {
		return err
	}
	got, want := json.NewDecoder(bytes.NewReader(data)), json.NewDecoder(bytes.NewReader(canonical))
	for {
		w, err := want.Token()
		if errors.Is(err, io.EOF) {
			return nil // and so has got ended: Unmarshal took data as one value
		}
		if err != nil {
			return err
		}
		g, err := got.Token()
		if err != nil {
			return err
		}
		if g != w {
			line := 1 + bytes.Count(data[:got.InputOffset()], []byte("\n"))
			return fmt.Errorf("line %d: found %v, wanted %v: a key is missing, doubled, misspelled or out of place", line, g, w)
		}
	}
}
