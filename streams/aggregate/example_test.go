package aggregate_test

import (
	"fmt"

	"github.com/edgedhq/edged/streams/aggregate"
	"github.com/edgedhq/edged/streams/expr"
	"github.com/edgedhq/edged/streams/sql"
)

// Two logs are folded apart, and merged where a row is read.
func Example() {
	var calls []aggregate.Call
	for _, text := range []string{"SUM(price)", "AVG(price)", "COUNT(*)"} {
		e, _ := sql.ParseExpr(text)
		call, _ := aggregate.NewCall(e.(*sql.Call), []expr.Type{{}})
		calls = append(calls, call)
	}
	layout := aggregate.NewLayout(calls, []int{0, 0, 1}) // input 0 is price, 1 is the event alone

	row := aggregate.NewCells(layout)
	place := row.Add()
	for _, log := range [][]int64{{3, 5}, {10}} {
		cells := aggregate.NewCells(layout)
		cell := cells.Add()
		for _, price := range log {
			cells.Fold(cell, 0, []expr.Value{expr.OfInteger(price)}, &aggregate.Stamp{})
			cells.Fold(cell, 1, nil, &aggregate.Stamp{})
		}
		bytes := cells.Append(nil, cell)
		fmt.Printf("%x\n", bytes)
		if err := row.Merge(place, bytes); err != nil {
			fmt.Println(err)
		}
	}
	var text expr.Arena
	for i := range calls {
		v, _ := row.Result(place, i, &text)
		fmt.Printf("%s\n", expr.AppendJSON(nil, v))
	}
	// Output:
	// 02010802
	// 01010a01
	// 18
	// 6
	// 3
}
