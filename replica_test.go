package edged

import (
	"encoding/hex"
	"testing"
)

// TestTerm holds terms to the frozen form: SHA-256 over log id, head as a uvarint, chain value.
func TestTerm(t *testing.T) {
	h := Head{Log: LogID{1, 2, 3}, Head: 300, Chain: Chain{9}}
	sum := h.Term()
	if got := hex.EncodeToString(sum[:]); got != "7544d0a01f7c6c3f72de323223046e92" {
		t.Errorf("term %s", got)
	}
	if none := (&Head{Log: h.Log, Chain: h.Chain}); none.Term() != (Sum{}) {
		t.Error("a log of which nothing is held has a term")
	}
}
