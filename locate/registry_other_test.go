//go:build !windows

package locate

import (
	"errors"
	"testing"
)

func TestFindWithoutRegistry(t *testing.T) {
	_, err := Find(t.Context(), FindOptions{})
	if notFound, ok := errors.AsType[*NotFoundError](err); !ok || len(notFound.Places) > 0 {
		t.Errorf("Find: %v, want a *NotFoundError without places", err)
	}
}
