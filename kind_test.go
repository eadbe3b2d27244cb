package edged_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/edgedhq/edged"
)

func TestRefusalIsItsKind(t *testing.T) {
	refusal := edged.RefuseField(edged.Invalid, "query.limit", 0, "want 1 to %d", 10000)
	err := fmt.Errorf("streams: read: %w", refusal)
	if !errors.Is(err, edged.Invalid) || errors.Is(err, edged.TooLarge) {
		t.Errorf("%v is not invalid, or too_large", err)
	}
	var found *edged.Refusal
	if !errors.As(err, &found) || found != refusal {
		t.Errorf("got %v, want the refusal itself", found)
	}
	if got, want := refusal.Error(), "invalid: query.limit: want 1 to 10000"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if f := refusal.Fields[0]; f.Location != "query.limit" || f.Message != "want 1 to 10000" || f.Value != 0 {
		t.Errorf("got %+v", f)
	}
}
