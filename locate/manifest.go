package locate

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
)

// experienceManifest is the file beside adksetup.exe in which the ADK's installer names its version.
// Source: two independent scripts that read it, p0w3rsh3ll/ADK among them
const (
	experienceManifest = "UserExperienceManifest.xml"
	experienceSpace    = "http://schemas.microsoft.com/Setup/2010/01/Burn/UserExperience"
	experienceVersion  = "/UserExperienceManifest/Settings/ProductVersion"

	maxManifest = 4 << 20 // bytes; it describes the features of the kit and some languages
	maxDepth    = 64      // elements in one another
)

// manifestVersion returns the version that the manifest of the ADK's installer names.
func manifestVersion(r io.Reader) (string, error) {
	limited := &io.LimitedReader{R: r, N: maxManifest + 1}
	dec := xml.NewDecoder(limited)
	var at []string
	for {
		token, err := dec.Token()
		switch {
		case limited.N <= 0:
			return "", fmt.Errorf("it has more than %d bytes", maxManifest)
		case errors.Is(err, io.EOF):
			return "", errors.New("it has no " + experienceVersion)
		case err != nil:
			return "", fmt.Errorf("not readable: %w", err)
		}
		switch t := token.(type) {
		case xml.StartElement:
			if at = append(at, t.Name.Local); len(at) > maxDepth {
				return "", fmt.Errorf("its elements are nested more than %d deep", maxDepth)
			}
			if t.Name.Space == experienceSpace && "/"+strings.Join(at, "/") == experienceVersion {
				return text(dec)
			}
		case xml.EndElement:
			at = at[:len(at)-1]
		}
	}
}

// text returns the text of an element that was just begun.
func text(dec *xml.Decoder) (string, error) {
	var b strings.Builder
	for {
		token, err := dec.Token()
		if err != nil {
			return "", fmt.Errorf("not readable: %w", err)
		}
		switch t := token.(type) {
		case xml.CharData:
			b.Write(t)
		case xml.StartElement:
			return "", fmt.Errorf("its %s contains the element %q, wanted text", experienceVersion, t.Name.Local)
		case xml.EndElement:
			return strings.TrimSpace(b.String()), nil
		}
	}
}
