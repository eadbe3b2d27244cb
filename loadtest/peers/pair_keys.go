package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/edgedhq/edged/httpapi/client"
	"github.com/edgedhq/edged/loadtest"
)

// How many keys the row of replicated keys moves, and in what steps.
const (
	crossKeys      = 200_000
	crossKeysBatch = 1_000
)

func keysRow() row {
	return row{
		name: "mesh-keys", unit: perSecond,
		title: "different keys changed at A until B has them all, batches of 1,000, 16 clients; CPU of both servers",
		goal:  "at least 100 x go-ds-crdt",
		contestants: []contestant{
			{"go-ds-crdt by its README, nothing is run", publishedKeys},
			{"edged, fsynced at both", replicatedKeys},
		},
	}
}

// publishedKeys is what the README of github.com/ipfs/go-ds-crdt says of itself, as of v0.6: "400
// keys/s at least", with batching. It is a floor and was not measured here.
func publishedKeys(context.Context, *bench) (figures, error) {
	return figures{value: 400, note: "at least, on no machine that is named"}, nil
}

// replicatedKeys measures from the first key at one node until the other has as many.
func replicatedKeys(ctx context.Context, b *bench) (figures, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, pairTime, fmt.Errorf("not done within %v", pairTime))
	defer cancel()
	opened, err := openEdgedPair(ctx, b, shape{})
	if err != nil {
		return figures{}, err
	}
	p := opened.(*edgedPair)
	defer p.end()
	if err := putCounters(ctx, p.eu.address); err != nil {
		return figures{}, err
	}
	if err := p.awaitKeys(ctx, 0); err != nil {
		return figures{}, err
	}
	before, err := p.cpu()
	if err != nil {
		return figures{}, err
	}
	began := time.Now()
	if err := p.floodKeys(ctx); err != nil {
		return figures{}, err
	}
	taken := time.Since(began)
	if err := p.awaitKeys(ctx, crossKeys); err != nil {
		return figures{}, err
	}
	took := time.Since(began)
	after, err := p.cpu()
	return figures{
		value: crossKeys / took.Seconds(), cpu: (after - before).Seconds() / crossKeys * 1e6,
		note: fmt.Sprintf("A answered the last after %v, B had it after %v", taken.Round(time.Millisecond), took.Round(time.Millisecond)),
	}, err
}

// floodKeys has each client change keys of its own, each once.
func (p *edgedPair) floodKeys(ctx context.Context) error {
	failed := make([]error, floodClients)
	var clients sync.WaitGroup
	for i := range floodClients {
		bodies := keyBodies(i)
		clients.Go(func() {
			x, err := dialRequests(ctx, p.eu.address, "/v1/collections/"+counters+"/keys?ack=disk", "application/x-ndjson", bodies)
			if err != nil {
				failed[i] = err
				return
			}
			defer func() { _ = x.Close() }()
			defer context.AfterFunc(ctx, func() { _ = x.Close() })()
			failed[i] = each(x, len(bodies))
		})
	}
	clients.Wait()
	return errors.Join(failed...)
}

func each(x loadtest.Exchange, n int) error {
	for range n {
		if _, err := x.Exchange(); err != nil {
			return err
		}
	}
	return nil
}

// keyBodies are one client's share of the keys.
func keyBodies(client int) (bodies [][]byte) {
	for first := client * crossKeysBatch; first < crossKeys; first += floodClients * crossKeysBatch {
		var body []byte
		for i := range crossKeysBatch {
			body = incrementLine(body, fmt.Sprintf("key-%07d", first+i))
		}
		bodies = append(bodies, body)
	}
	return bodies
}

// awaitKeys waits until the second node has so many keys.
func (p *edgedPair) awaitKeys(ctx context.Context, n int64) error {
	for {
		info, err := p.door.Collection(ctx, counters)
		problem, told := errors.AsType[*client.Problem](err)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("the second has %d of %d keys: %w", info.Keys, n, context.Cause(ctx))
		case told && problem.Status == 404: // its definition has not come yet
		case err != nil:
			return err
		case info.Keys == n:
			return nil
		}
		time.Sleep(5 * time.Millisecond)
	}
}
