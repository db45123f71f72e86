// Package model tries the life of a library in any order against a model of
// it in memory, and gives the program hostile trees, manifests and settings.
package model

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"usmtpkg/testdata/platform"
)

// Unprintable tells what of a run's output could upset a terminal, a log or a
// parser; empty if nothing does. A JSON document holds names as they are, and
// is for programs.
func Unprintable(r platform.Result) string {
	for _, text := range []string{r.Stdout, r.Stderr} {
		if !utf8.ValidString(text) {
			return "what is not UTF-8"
		}
		for _, c := range text {
			plain := unicode.IsPrint(c) || unicode.Is(unicode.Zs, c) || c == '\n' || strings.HasPrefix(text, "{") && !unicode.IsControl(c)
			if !plain {
				return fmt.Sprintf("the character %U", c)
			}
		}
	}
	return ""
}
