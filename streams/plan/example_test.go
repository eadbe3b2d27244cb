package plan_test

import (
	"fmt"

	"github.com/edgedhq/edged/streams/plan"
	"github.com/edgedhq/edged/streams/sql"
)

// What a function is understood as, and what of another is refused.
func ExampleMake() {
	query, err := sql.Parse(`SELECT city, COUNT(*) AS n, MAX(total) AS most
FROM orders GROUP BY city, TUMBLE(_time, INTERVAL '1 minute') HAVING n > 5`)
	if err != nil {
		fmt.Println(err)
		return
	}
	p, _ := plan.Make("busy-cities", query, map[string]string{"lateness": "1s"}, 0, 0)
	fmt.Println(p.Explain())

	query, err = sql.Parse("SELECT city, total, CUONT(*) AS n\nFROM orders WHERE SUM(total) > 5 GROUP BY city")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, errs := plan.Make("broken", query, nil, 0, 0)
	fmt.Println(errs)
	// Output:
	// function busy-cities   query 55060cfe…   semantics 1   mergeable, scope global
	// fold     1 read     orders               paths city, total, _time
	//          2 window   tumble _time, size 1m: slices of 1m     out of orderness 2s, idle 5s, lateness 1s, revise within 10m
	//          3 fold     by city              COUNT(*) as n, MAX(total) as most     at most 100000 keys
	// -------- partials travel --------
	// present  4 merge    by window, city      1 slice per window
	//          5 having   COUNT(*) > 5
	//          6 emit     changes, exclude after 10s
	// columns  window_start timestamp, window_end timestamp, city json, n integer, most json
	//
	// 1:21: CUONT is no function. Did you mean COUNT?
	// 2:19: WHERE chooses events before they are counted, so SUM has no value there. Write HAVING.
}
