// Crash kills a node of the release binary at random moments under load, again and again on one
// data directory, and has the history judged after each restart: 0 lost, 0 doubled, 0 holes.
//
//	go run ./loadtest/crash                     200 kills
//	go run ./loadtest/crash -power 2000         and 2,000 simulated power cuts (the tests of streams)
//	go run ./loadtest/crash -plants             plants bugs one by one and wants each found
//
// A cycle:
//
//	start ──▶ ready ──▶ the scanner reads on ──▶ judge ──▶ writers and readers ──▶ kill -9
//	                     with its cursor                    5 to 500 ms
//
// Writers publish at ack memory and disk, in every body that the contract has, one publish at a
// time, and try again with the same ids some of what was left unknown. Readers follow by SSE,
// NDJSON and WebSocket from the first event on, and go on by cursor after each kill. Some nodes
// are killed again while they start, and some are stopped with SIGTERM: then nothing may be
// lost, memory or not. In the end everything is read once more from the beginning, and every
// reader has to arrive there.
//
// What was lost is judged by loadtest/history. The directory of a run that fails is kept.
package main
