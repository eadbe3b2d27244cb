package transport

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/edgedhq/edged/replication/link/linktest"
)

func TestOneLaneHasTheWindowsOfAllConnections(t *testing.T) {
	took := map[int]time.Duration{}
	for _, connections := range []int{1, 4} {
		inWorld(t, func(t *testing.T, w *world) {
			w.network.SetAll(linktest.Faults{Delay: 50 * time.Millisecond, Loss: 0.01})
			a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
			la, lb := join(t, a, b, addrB, connections)
			want := make([]byte, 4<<20)
			_, _ = rand.NewChaCha8([32]byte{}).Read(want)
			go func() {
				for rest := want; len(rest) > 0; {
					n, _ := la.Write(1).Write(rest[:min(len(rest), 100_000)])
					rest = rest[n:]
				}
			}()
			began := time.Now()
			got := make([]byte, len(want))
			if _, err := io.ReadFull(lb.Read(1), got); err != nil || !bytes.Equal(got, want) {
				t.Fatalf("not what was written, %v", err)
			}
			took[connections] = time.Since(began) // of the bubble
		})
	}
	if 2*took[4] > took[1] {
		t.Errorf("%v over one connection, %v over four", took[1], took[4])
	}
}

func TestStrandsEndWithTheirLink(t *testing.T) {
	inWorld(t, func(t *testing.T, w *world) {
		a, b := w.start(addrA, Options{}), w.start(addrB, Options{})
		la, lb := join(t, a, b, addrB, 4)
		written := make(chan error, 1)
		go func() {
			_, err := la.Write(2).Write(make([]byte, 128<<20)) // nobody reads: it waits for a window
			written <- err
		}()
		time.Sleep(5 * time.Second) // of the bubble
		_ = lb.Close(9, "over")
		var closed *CloseError
		if err := <-written; !errors.As(err, &closed) || closed.Code != 9 {
			t.Errorf("write: %v", err)
		}
		if _, err := lb.Read(3).Read(make([]byte, 1)); err == nil {
			t.Error("a lane outlives its link")
		}
	})
}

func TestPieceTooLongIsRefused(t *testing.T) {
	if _, _, err := readPiece(bytes.NewReader([]byte{0, 0, 0, 1, 0xff, 0xff, 1}), nil); err == nil {
		t.Error("a piece of 64 KiB is taken")
	}
}
