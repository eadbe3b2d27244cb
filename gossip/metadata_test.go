package gossip

import (
	"runtime"
	"strings"
	"testing"

	"github.com/edgedhq/edged"
)

func full() metadata {
	return metadata{leaving: true, member: Member{
		Name: "a", Region: "eu", Address: "a.example:7946", HTTP: "10.0.0.1:8080", Version: "1.2",
		Origin: edged.Origin{ID: edged.OriginID{1, 2}, Label: "label"}, Nonce: [8]byte{3},
	}}
}

func TestMetadata(t *testing.T) {
	want := full()
	b, err := want.encode()
	if err != nil {
		t.Fatal(err)
	}
	var got metadata
	if err := got.decode(append(b, "of a later form"...)); err != nil || got != want {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	for n := range b {
		if err := new(metadata).decode(b[:n]); err == nil {
			t.Errorf("the first %d bytes were taken", n)
		}
	}
	long := full()
	long.member.Name, long.member.Region = strings.Repeat("n", 255), strings.Repeat("r", 255)
	if _, err := long.encode(); err == nil {
		t.Error("metadata of more than 512 bytes was made")
	}
}

// allocated is the number of bytes of memory that f takes.
func allocated(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return int(after.TotalAlloc - before.TotalAlloc)
}

func FuzzMetadata(f *testing.F) {
	m := full()
	b, err := m.encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, in []byte) {
		var m, again metadata
		var err error
		if n := allocated(func() { err = m.decode(in) }); n > 4*len(in)+64<<10 {
			t.Fatalf("%d bytes of input took %d bytes", len(in), n)
		}
		if err != nil {
			return
		}
		out, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.decode(out); err != nil || again != m {
			t.Fatalf("%+v came back as %+v, %v", m, again, err)
		}
	})
}
