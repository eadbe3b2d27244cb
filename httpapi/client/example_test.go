package client_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// A refusal of the node keeps its kind on the way.
func Example() {
	node := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprint(w, `{"status":404,"code":"stream_not_found","detail":"there is no stream \"orders\""}`)
	}))
	defer node.Close()

	c, err := client.New(client.Options{URL: node.URL})
	if err != nil {
		panic(err)
	}
	_, err = c.Read(context.Background(), "orders", client.Query{From: "earliest", Limit: 10})
	fmt.Println(err)
	fmt.Println(errors.Is(err, edged.StreamNotFound))
	// Output:
	// stream_not_found: there is no stream "orders"
	// true
}
