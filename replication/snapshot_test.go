package replication

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/replication/link/linktest"
	"github.com/edgedhq/edged/replication/roster"
	"github.com/edgedhq/edged/replication/session"
	"github.com/edgedhq/edged/replication/transport"
)

// shelf is a store without logs, whose records are in memory.
type shelf struct {
	origin  edged.Origin
	records [][]byte
}

func (s *shelf) ReadBlocks(edged.LogID, edged.Sequence, int, []edged.Packed) ([]edged.Packed, error) {
	return nil, nil
}
func (s *shelf) Ingest(context.Context, edged.LogName, []byte, func(edged.Landing)) {}
func (s *shelf) Skip(context.Context, edged.LogName, edged.Sequence, edged.Chain, string) error {
	return nil
}
func (s *shelf) SealOrigin(context.Context, edged.Origin, int64, edged.Sum, []edged.LogEnd) (whole bool, beyond int64, err error) {
	return true, 0, nil
}
func (s *shelf) WatchHeads(func([]edged.Head))              {}
func (s *shelf) HeadOf(edged.LogID) (h edged.Head, ok bool) { return h, false }
func (s *shelf) ListHeads(int64, []byte, edged.LogID, int) ([]edged.Head, error) {
	return nil, nil
}
func (s *shelf) Sums(int64) (sums [edged.Shards]edged.Sum) { return sums }
func (s *shelf) Origins() []edged.OriginState              { return nil }
func (s *shelf) Origin() edged.Origin                      { return s.origin }
func (s *shelf) Promise(context.Context) (int64, error)    { return time.Now().UnixNano(), nil }
func (s *shelf) Mint(context.Context, string, bool) (edged.Origin, error) {
	return s.origin, nil
}
func (s *shelf) Open()        {}
func (s *shelf) Refuse(error) {}
func (s *shelf) Stable(int64) {}
func (s *shelf) Append(context.Context, string, []byte) (h edged.Head, err error) {
	return h, nil
}

func (s *shelf) Follow(ctx context.Context, each func(edged.Event), caught func()) error {
	for i, data := range s.records {
		each(edged.Event{Data: data, HLC: edged.Timestamp{Wall: int64(i + 1)}, Origin: s.origin})
	}
	caught()
	<-ctx.Done()
	return nil
}
func (s *shelf) Watch(func(string, string, string, bool))    {}
func (s *shelf) Knock(context.Context, string, string) error { return errors.New("nobody") }

// drawer keeps the state of one partition as a run of bytes, of which a key is a place.
type drawer struct {
	mu     sync.Mutex
	state  []byte
	parts  int
	whole  int // times that a state was taken over
	refuse error
}

func (d *drawer) Provide(_ uint64, _ string, _ edged.Generation, _ edged.Partition, after []byte, bytesMax int) (part, next []byte, err error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.refuse != nil {
		return nil, nil, d.refuse
	}
	from := 0
	if after != nil {
		if _, err := fmt.Sscanf(string(after), "%d", &from); err != nil {
			return nil, nil, err
		}
	}
	to := min(from+bytesMax, len(d.state))
	if to < len(d.state) {
		next = fmt.Appendf(nil, "%09d", to)
	}
	return d.state[from:to], next, nil
}

func (d *drawer) Take(_ string, _ edged.Generation, _ edged.Partition, part []byte, first, last bool) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if first {
		d.state = nil
	}
	d.state = append(d.state, part...)
	d.parts++
	if last {
		d.whole++
	}
	return nil
}

func (d *drawer) taken() (state []byte, parts, whole int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.state, d.parts, d.whole
}

// fleet is some Replicators on one network, in a bubble.
type fleet struct {
	t       *testing.T
	network *linktest.Network
	ids     []string
}

func address(i int) string { return fmt.Sprintf("10.0.0.%d:7946", i+1) }

// nodeID is how a node is named by its key.
func nodeID(public ed25519.PublicKey) (string, error) {
	info, err := x509.MarshalPKIXPublicKey(public)
	sum := sha256.Sum256(info)
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26]), err
}

// start runs a Replicator that knows the mesh's nodes, and stops it when the test ends.
func (f *fleet) start(i int, snapshots Snapshots, known ...roster.Node) *Replicator {
	f.t.Helper()
	conn, err := f.network.Listen(address(i))
	if err != nil {
		f.t.Fatal(err)
	}
	public, key, _ := ed25519.GenerateKey(nil)
	node, err := nodeID(public)
	if err != nil {
		f.t.Fatal(err)
	}
	secret := bytes.Repeat([]byte("mesh"), 16)
	way, err := transport.New(transport.Options{Conn: conn, Secret: secret, Key: key})
	if err != nil {
		f.t.Fatal(err)
	}
	s := &shelf{origin: edged.Origin{ID: edged.OriginID{byte(i + 1)}, Label: "n"}}
	for _, n := range known {
		_, data := roster.NodeRecord(n)
		s.records = append(s.records, data)
	}
	var join []string
	for j := range f.ids {
		join = append(join, address(j))
	}
	r, err := New(Options{
		Self:      session.Self{Mesh: "m", Node: node, Name: fmt.Sprintf("n%d", i), Region: "eu", Address: address(i), Nonce: [8]byte{byte(i + 1)}},
		Transport: way, Blocks: s, Heads: s, Writer: s, Records: s, Members: s, Snapshots: snapshots, Join: join,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.ids = append(f.ids, node)
	ctx, cancel := context.WithCancel(context.Background())
	var group sync.WaitGroup
	group.Go(func() {
		if err := way.Run(ctx); err != nil {
			f.t.Errorf("transport: %v", err)
		}
	})
	group.Go(func() {
		if err := r.Run(ctx); err != nil {
			f.t.Errorf("replicator: %v", err)
		}
	})
	f.t.Cleanup(func() { cancel(); group.Wait(); conn.Close() })
	return r
}

func inFleet(t *testing.T, test func(t *testing.T, f *fleet)) {
	synctest.Test(t, func(t *testing.T) {
		network := linktest.New(1)
		network.SetAll(linktest.Faults{Delay: 10 * time.Millisecond})
		test(t, &fleet{t: t, network: network})
	})
}

func TestAStateCrossesANetwork(t *testing.T) {
	inFleet(t, func(t *testing.T, f *fleet) {
		state := bytes.Repeat([]byte("0123456789abcdef"), 200<<10) // 3.2 MB
		from, to := &drawer{state: state}, &drawer{}
		f.start(0, from)
		r := f.start(1, to)
		r.Join("$c.visits", 1, 3) // before anybody is connected
		time.Sleep(3 * time.Second)
		got, parts, whole := to.taken()
		if !bytes.Equal(got, state) || parts != 13 || whole != 1 {
			t.Errorf("took %d bytes in %d parts, %d times whole; want %d bytes", len(got), parts, whole, len(state))
		}
	})
}

func TestAStateIsAskedOfAnotherPeer(t *testing.T) {
	inFleet(t, func(t *testing.T, f *fleet) {
		state := []byte("state")
		to := &drawer{}
		f.start(0, &drawer{refuse: errors.New(strings.Repeat("not now ", 10000))})
		f.start(1, nil)
		f.start(2, &drawer{state: state})
		f.start(3, to).Join("$c.visits", 1, 0)
		time.Sleep(20 * time.Second)
		if got, _, whole := to.taken(); !bytes.Equal(got, state) || whole != 1 {
			t.Errorf("took %q, %d times", got, whole)
		}
	})
}

func TestEverywhereWaitsForAllMembers(t *testing.T) {
	inFleet(t, func(t *testing.T, f *fleet) {
		first := f.start(0, nil)
		if at := first.Everywhere(); at != 0 {
			t.Errorf("%d before the mesh's records were read", at)
		}
		time.Sleep(time.Second)
		if at := time.Since(time.Unix(0, first.Everywhere())); at < 0 || at > time.Second {
			t.Errorf("alone: %s ago", at)
		}
		absent := roster.Node{ID: strings.Repeat("z", 26), Name: "absent", Region: "eu", Address: address(8), State: roster.Active}
		present := roster.Node{ID: f.ids[0], Name: "n0", Region: "eu", Address: address(0), State: roster.Active}
		second, third := f.start(1, nil, present), f.start(2, nil, present, absent)
		time.Sleep(10 * time.Second)
		if at := time.Since(time.Unix(0, second.Everywhere())); at < 0 || at > 5*time.Second {
			t.Errorf("with a member that is equal: %s ago", at)
		}
		if at := third.Everywhere(); at != 0 {
			t.Errorf("%d with a member that was never heard", at)
		}
		if second.Frontier() == 0 {
			t.Error("no frontier")
		}
	})
}
