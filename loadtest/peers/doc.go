// Peers runs edged and the servers that people would otherwise use side by side: in the same
// minutes, on this machine, over loopback, each with a fresh data directory, one at a time and in
// turn, several rounds, and prints the medians and their ratios.
//
//	go run ./loadtest/peers                    every row
//	go run ./loadtest/peers -list              their names and goals
//	go run ./loadtest/peers -only publish,idle -rounds 1 -duration 1s
//
// redis-server, mosquitto and wrk are taken from the machine; nats-server is built from its
// module into a temporary directory. A server that is not there is left out, and said so.
// Generators speak each protocol themselves, from bytes made beforehand, so that all servers are
// driven at about the same small cost. CPU is what the server's process spent, from /proc, in
// seconds for a million events: it is steadier than a rate on a busy machine.
//
// The mesh rows run two servers of a kind, of which the second comes to hold what is published at
// the first: a nats-server with a leaf node that mirrors its stream, two nodes of a mesh. Where
// the link between them is emulated, NATS goes through a TCP proxy that delays and counts, edged
// emulates it by itself. A proxy cannot lose packets: there TCP is a formula, which is said.
//
//	row ──▶ contestants ──▶ start server ──▶ load (package loadtest) ──▶ figures ──▶ stop server
//	         in turn, -rounds times                                      medians, ratios
package main
