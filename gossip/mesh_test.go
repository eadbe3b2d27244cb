package gossip

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/edgedhq/edged"
)

// mesh is a wire with nodes on it.
type mesh struct {
	t *testing.T
	*wire
}

// node is a Gossip that runs.
type node struct {
	*Gossip
	stop  func() // ends Run and waits for it
	mutex sync.Mutex
	told  []string
}

func idOf(letter string) string { return strings.Repeat(letter, 26) }

func addrOf(letter string) string { return "10.0.0." + fmt.Sprint(letter[0]) + ":7946" }

func key(fill byte) []byte { return slices.Repeat([]byte{fill}, 32) }

// bubble runs a test in which time is virtual. What memberlist has left behind has a minute to end.
func bubble(t *testing.T, test func(*testing.T, *mesh)) {
	synctest.Test(t, func(t *testing.T) {
		test(t, &mesh{t, newWire()})
		time.Sleep(time.Minute)
	})
}

// start runs the node of a letter at that letter's address.
func (m *mesh) start(letter string, alter func(*Options)) *node {
	m.t.Helper()
	opts := Options{
		Node: idOf(letter), Name: letter, Region: "eu", Version: "1", Advertise: addrOf(letter),
		Origin: edged.Origin{Label: letter}, Nonce: [8]byte{1}, HTTP: "10.0.0.1:8080", Key: key(7),
	}
	if alter != nil {
		alter(&opts)
	}
	g, err := New(m.open(opts.Advertise), opts)
	if err != nil {
		m.t.Fatal(err)
	}
	n := &node{Gossip: g}
	g.Watch(func(seen Member) {
		n.mutex.Lock()
		defer n.mutex.Unlock()
		n.told = append(n.told, seen.Name+" "+seen.State+" "+seen.Address)
	})
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error)
	go func() { done <- g.Run(ctx) }()
	n.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			m.t.Errorf("node %s: Run: %v", letter, err)
		}
	})
	return n
}

func joining(letter string) func(*Options) {
	return func(o *Options) { o.Join = []string{addrOf(letter)} }
}

// view is what a node says of the others: "b alive, c dead".
func (n *node) view() string {
	var out []string
	for _, m := range n.Members() {
		out = append(out, m.Name+" "+m.State)
	}
	return strings.Join(out, ", ")
}

func (n *node) log() []string {
	n.mutex.Lock()
	defer n.mutex.Unlock()
	return slices.Clone(n.told)
}

// within waits until a node's view is as wanted, and fails the test when it is not in time.
func (m *mesh) within(limit time.Duration, n *node, want string) time.Duration {
	m.t.Helper()
	started := time.Now()
	for n.view() != want {
		if time.Since(started) > limit {
			m.t.Fatalf("node %s after %v: got %q, want %q", n.opts.Name, limit, n.view(), want)
		}
		time.Sleep(100 * time.Millisecond)
	}
	return time.Since(started)
}

// three starts a, b and c, of which the last two know a's address.
func (m *mesh) three() (a, b, c *node) {
	m.t.Helper()
	a, b, c = m.start("a", nil), m.start("b", joining("a")), m.start("c", joining("a"))
	m.within(30*time.Second, a, "b alive, c alive")
	m.within(30*time.Second, b, "a alive, c alive")
	m.within(30*time.Second, c, "a alive, b alive")
	return a, b, c
}
