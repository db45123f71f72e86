//go:build !windows

package wintrust

import (
	"errors"
	"fmt"
)

// Judge returns an error that is errors.ErrUnsupported: only Windows answers.
func Judge(path string) (Verdict, error) {
	return Verdict{}, fmt.Errorf("asking Windows about the signature of %s: %w", path, errors.ErrUnsupported)
}
