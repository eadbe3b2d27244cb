package node_test

import (
	"context"
	"fmt"
	"os"

	"github.com/edgedhq/edged/cmd/edged/node"
	"github.com/edgedhq/edged/httpapi"
	"github.com/edgedhq/edged/httpapi/client"
)

// A node in one's own process: opened, run, asked over HTTP, drained and closed.
func Example() {
	dir, err := os.MkdirTemp("", "edged-*")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)

	n, err := node.Open(node.Config{
		Name: "eu-1", Region: "eu", Data: dir, Listen: "127.0.0.1:0",
		HTTP: httpapi.Options{AutoCreate: true},
	})
	if err != nil {
		panic(err)
	}
	defer n.Close()
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()

	c, err := client.New(client.Options{URL: n.URL()})
	if err != nil {
		panic(err)
	}
	receipt, err := c.Publish(ctx, "orders", []client.Draft{{Key: "user-7", Data: []byte(`{"total":42}`)}}, client.PublishOptions{})
	if err != nil {
		panic(err)
	}
	page, err := c.Read(ctx, "orders", client.Query{From: "earliest"})
	if err != nil {
		panic(err)
	}
	fmt.Println("stored", receipt.Count, "at", receipt.PartitionSeqs["0"])
	for _, e := range page.Events {
		fmt.Printf("%s %d %s %s\n", e.Stream, e.Seq, e.Key, e.Data)
	}

	stop()
	fmt.Println("ended with", <-ended)
	// Output:
	// stored 1 at [1 1]
	// orders 1 user-7 {"total":42}
	// ended with <nil>
}
