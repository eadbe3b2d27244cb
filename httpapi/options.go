package httpapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/edgedhq/edged"
)

// Options tune a Server. The zero value is ready for use.
type Options struct {
	Node    string // name of this node, for answers; default "node"
	Region  string // its region; default "local"
	Version string // of the build, for /v1/version; default "devel"
	Commit  string // of the build, if known

	Limits Limits

	// AutoCreate lets a publish create a stream that does not exist, and a live read wait for
	// one. Without it both are 404.
	AutoCreate bool

	// Ack is the level of a publish that names none. The zero Ack is edged.Disk.
	Ack edged.Ack

	// CORS lists the origins ("https://console.example.org") whose pages may call this node; "*"
	// is all of them. Empty: only pages that the node itself serves.
	CORS []string

	// Hosts lists the names, besides localhost and loopback addresses, by which this node is
	// asked for. A request for another name is refused, so that a foreign page cannot reach the
	// node by pointing its own name here. Empty: checked on loopback listeners only.
	Hosts []string

	// Mesh is the name of the mesh, shown in /v1/cluster. Empty: it has none.
	Mesh string

	Log *slog.Logger     // nil discards
	Now func() time.Time // nil asks the wall clock
}

// Limits bound what one request may ask for. The zero value is the defaults.
type Limits struct {
	EventBytesMax   int64         // data of one event; default 1 MiB
	BatchBytesMax   int64         // body of a batch, inflated; default 8 MiB
	BatchEventsMax  int           // events of a batch; default 10,000
	InflateRatioMax int           // inflated bytes for one compressed byte; default 100
	ReadEventsMax   int           // limit= of a read; default 10,000
	WaitMax         time.Duration // wait= of a read; default 60 s
	HeaderBytesMax  int           // request line and headers; default 32 KiB
}

func (o Options) withDefaults() (Options, error) {
	if o.Node == "" {
		o.Node = "node"
	}
	if o.Region == "" {
		o.Region = "local"
	}
	if o.Version == "" {
		o.Version = "devel"
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var err error
	if o.Limits, err = o.Limits.withDefaults(); err != nil {
		return o, err
	}
	for _, origin := range o.CORS {
		if err := checkOriginText(origin); err != nil {
			return o, err
		}
	}
	for _, host := range o.Hosts {
		if host == "" || strings.ContainsAny(host, "/:@ ") {
			return o, fmt.Errorf("httpapi: host %q: want a name without scheme and port, such as edge.example.org", host)
		}
	}
	return o, nil
}

func (l Limits) withDefaults() (Limits, error) {
	orInt64 := func(v *int64, def int64) {
		if *v == 0 {
			*v = def
		}
	}
	orInt := func(v *int, def int) {
		if *v == 0 {
			*v = def
		}
	}
	orInt64(&l.EventBytesMax, 1<<20)
	orInt64(&l.BatchBytesMax, 8<<20)
	orInt(&l.BatchEventsMax, 10_000)
	orInt(&l.InflateRatioMax, 100)
	orInt(&l.ReadEventsMax, 10_000)
	orInt(&l.HeaderBytesMax, 32<<10)
	if l.WaitMax == 0 {
		l.WaitMax = time.Minute
	}
	if l.EventBytesMax < 0 || l.BatchBytesMax < 0 || l.BatchEventsMax < 0 || l.InflateRatioMax < 0 ||
		l.ReadEventsMax < 0 || l.WaitMax < 0 || l.HeaderBytesMax < 0 {
		return l, errors.New("httpapi: limits: want none below zero")
	}
	if l.BatchBytesMax < l.EventBytesMax {
		l.BatchBytesMax = l.EventBytesMax
	}
	return l, nil
}

func checkOriginText(origin string) error {
	if origin == "*" {
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("httpapi: cors origin %q: want scheme and host, such as https://console.example.org, or *", origin)
	}
	return nil
}
