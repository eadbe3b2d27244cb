package sql_test

import (
	"errors"
	"fmt"

	"github.com/edgedhq/edged/streams/sql"
)

func ExampleParse() {
	query, err := sql.Parse(`
		select city, count(*) as n from "orders" -- by the minute
		group by city, tumble(_time, interval '60' second)`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(sql.Print(query))
	// Output:
	// SELECT city, COUNT(*) AS n FROM orders GROUP BY city, TUMBLE(_time, INTERVAL '1 minute')
}

func ExampleErrors() {
	_, err := sql.ParseOnce("SELECT city FORM orders ORDER BY NOW()")
	var refused sql.Errors
	if errors.As(err, &refused) {
		for _, e := range refused {
			fmt.Printf("line %d, column %d, %s: %s\n", e.Line, e.Column, e.Value, e.Message)
		}
	}
	// Output:
	// line 1, column 13, FORM: FORM stands where the query should go on or end. Did you mean FROM?
	// line 1, column 34, NOW(): NOW() differs from node to node. Use _ingest, the time this event was appended.
}
