package nodetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/edgedhq/edged/cmd/edged/node"
	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest/history"
	"github.com/edgedhq/edged/replication/link/linktest"
	"github.com/edgedhq/edged/streams/storage/storagetest"
)

// place is where a node lives: its name, addresses and disk stay while lives come and go.
type place struct {
	w            *world
	name, region string
	mesh         string // address
	disk         *storagetest.Disk
	change       func(*node.Config) // of a life's; nil for none

	mu     sync.Mutex
	life   *life // nil when nothing runs
	doomed bool  // the disk goes away: an acknowledgement promises nothing
}

// life is one run of a node.
type life struct {
	node   *node.Node
	conn   *linktest.Conn
	door   *door
	client *client.Client
	roads  *http.Transport
	stop   context.CancelFunc
	ended  chan error
}

// start runs the node on its disk.
func (p *place) start() {
	p.w.t.Helper()
	if err := p.tryStart(); err != nil {
		p.w.t.Fatalf("%s starts: %v", p.name, err)
	}
}

func (p *place) tryStart() error {
	conn, err := p.w.net.Listen(p.mesh)
	if err != nil {
		return err
	}
	at, err := net.ResolveTCPAddr("tcp", p.mesh)
	if err != nil {
		return err
	}
	at.Port = 8080
	l := &life{conn: conn, door: newDoor(at), ended: make(chan error, 1)}
	cfg := node.Config{
		Name: p.name, Region: p.region, Data: "data", DrainFor: 5 * time.Second, FlushFor: 5 * time.Second,
		MeshSecret: []byte("the secret of all the meshes in the bubble"), Join: p.w.join(p),
		PacketConn: conn, Listener: l.door, OpenStore: p.disk.Open, Log: p.w.log.With("node", p.name),
	}
	cfg.Storage.MinFree = -1
	cfg.Storage.MemTableBytes, cfg.Storage.CacheBytes = 4<<20, 1<<20
	cfg.HTTP.AutoCreate = true
	if p.change != nil {
		p.change(&cfg)
	}
	if l.node, err = node.Open(cfg); err != nil {
		return errors.Join(err, conn.Close())
	}
	l.roads = &http.Transport{DialContext: l.door.dial}
	l.client, err = client.New(client.Options{
		URL: "http://" + at.String(), HTTP: &http.Client{Transport: l.roads},
	})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	l.stop = cancel
	go func() { l.ended <- l.node.Run(ctx) }()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life = l
	return nil
}

// now is the life that runs, nil for none.
func (p *place) now() *life {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.life
}

// end stops the node as an operator does.
func (p *place) end() {
	l := p.now()
	if l == nil {
		return
	}
	l.stop()
	err := errors.Join(<-l.ended, l.node.Close())
	p.mu.Lock()
	p.life = nil
	p.mu.Unlock()
	l.roads.CloseIdleConnections()
	if err != nil {
		p.w.complain("%s was stopped: %v", p.name, err)
	}
}

// crash takes power away, half of the times in the middle of an fsync.
func (p *place) crash() {
	l := p.now()
	if l == nil {
		return
	}
	if p.w.draw(2) == 0 {
		done := make(chan struct{})
		p.disk.BeforeSync(func() {
			p.cut(l)
			close(done)
		})
		<-done // promises are written every few seconds
	} else {
		p.cut(l)
	}
	l.discard()
}

// cut ends a life at once: from this moment on nothing leaves the node, and its place has the disk
// with what was synced and some of the rest.
func (p *place) cut(l *life) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.life = nil // an answer that has not been recorded by now is not known
	l.conn.Close()
	l.door.hangUp()
	p.disk = p.disk.Crash(25*p.w.draw(5), p.w.source())
	p.w.happened(history.Op{Process: "suite", Kind: history.Crash, Node: p.name, Outcome: history.OK})
}

// discard ends a life whose disk and network are no longer its own.
func (l *life) discard() {
	l.stop()
	<-l.ended
	_ = l.node.Close() // on a disk that nobody sees any more
	l.roads.CloseIdleConnections()
}

// origin is under whom the node writes.
func (p *place) origin() string { return p.now().node.Origin().String() }

// meets says whether the node replicates with as many peers.
func (p *place) meets(peers int) bool {
	l := p.now()
	if l == nil {
		return false
	}
	all, err := l.client.Peers(p.w.t.Context())
	if err != nil {
		return false
	}
	for _, q := range all {
		if q.Connected {
			peers--
		}
	}
	return peers <= 0
}

// metric gives a figure of the node's metrics.
func (p *place) metric(name string) (value float64) {
	text, err := p.now().client.Metrics(p.w.t.Context())
	if err != nil {
		p.w.t.Fatal(err)
	}
	for line := range lines(text) {
		if _, err := fmt.Sscanf(line, name+" %g", &value); err == nil {
			return value
		}
	}
	p.w.t.Fatalf("no %s in the metrics", name)
	return 0
}
