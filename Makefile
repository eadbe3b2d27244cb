# Needs Go and, for the race detector, a C compiler. The first target builds ./edged.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c

GOLANGCI := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
BENCHSTAT := golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da
VERSION ?=
FUZZTIME ?= 20s
KILLS ?= 200
CUTS ?= 2000
SEEDS ?= 500
MESH ?=
NEXMARK ?=
LAWS ?= 1000000

.PHONY: build demo check format vet lint test race fuzz laws crash plants simulate mesh nexmark compose bench gate clean

build: # one static binary, ./edged; VERSION names a release
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o edged ./cmd/edged

demo: build # three regions on loopback, until Ctrl-C
	./edged demo

check: format vet lint race # before every push

format: # fails when gofmt would change a file
	@files=$$(gofmt -l .); [ -z "$$files" ] || { echo "gofmt would change:"; echo "$$files"; exit 1; }

vet:
	go vet ./...

lint: # builds the linter first: some minutes, once
	go run $(GOLANGCI) run ./...

test:
	go test ./...

race: # the detector over every package
	.ci/race

fuzz: # every target for FUZZTIME
	.ci/fuzz $(FUZZTIME)

laws: # LAWS cases a type of values, at most 10 minutes each; then every merge that is planted wrong
	go test ./crdt/crdttest -count 1 -v -run 'TestLaws|TestDeltaSize|TestManyDots' -laws.cases $(LAWS) -laws.within 10m -timeout 2h
	go test ./crdt/crdttest -count 1 -v -run TestPlants -laws.plants 20000 -timeout 30m

crash: # kill -9 under load and simulated power cuts: 0 lost, 0 doubled, 0 holes
	go run ./loadtest/crash -cycles $(KILLS) -power $(CUTS)

plants: # the same has to find every bug that is planted
	go run ./loadtest/crash -plants

simulate: # nodes under virtual time: 500 seeds, and every bug that is planted; then whole nodes in a bubble
	go run ./loadtest/simulate -seeds $(SEEDS)
	go test ./cmd/edged/node/nodetest -count 1 -full -timeout 20m
	go test ./cmd/edged/node/nodetest -count 1 -run TestPlants -plants 40 -timeout 30m
	go test ./streams/function -count 1 -run TestWorlds -sim.seeds 100 -timeout 10m
	go test ./streams/function -count 1 -run TestPlants -sim.plants 60 -timeout 20m

mesh: # three processes: cuts, kills, lost and copied disks, strangers; MESH=-short leaves the long waits out
	go run ./loadtest/mesh $(MESH)

nexmark: # its queries on one node and on three, each row against SQLite's; NEXMARK=-short a tenth of the events
	go run ./loadtest/nexmark -check $(NEXMARK)

compose: # three regions in containers; installs and starts an engine where there is none
	deploy/test.sh

bench: # ten runs into bench.out; BASE=FILE compares with a former one
	go test -run '^$$' -bench . -count 10 ./... | tee bench.out
	[ -z "$(BASE)" ] || go run $(BENCHSTAT) $(BASE) bench.out

gate: check # what a change must pass, 15 minutes on 2 cores
	$(MAKE) fuzz FUZZTIME=5s
	$(MAKE) crash

clean:
	rm -f edged bench.out
