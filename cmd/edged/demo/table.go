package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// Function is the demo's function: one window over the readings of all regions.
const Function = "load"

// FunctionSQL is its text.
const FunctionSQL = `SELECT COUNT(*) AS readings, COUNT(DISTINCT node) AS nodes, AVG(cpu_percent) AS cpu, MAX(process_bytes) AS memory
FROM ` + Stream + ` GROUP BY TUMBLE(_time, INTERVAL '5 seconds')`

// Table is what one node shows of the function: its newest windows, and how complete they are.
type Table struct {
	Region    string   `json:"region"`
	Windows   []Window `json:"windows"`   // the newest first
	Watermark string   `json:"watermark"` // event time up to which all that counts is in; empty while there is none
	Away      []string `json:"away"`      // regions that are not heard
}

// Window is one row of the function.
type Window struct {
	Start    time.Time `json:"window_start"`
	End      time.Time `json:"window_end"`
	Readings int64     `json:"readings"`
	Nodes    int64     `json:"nodes"`
	CPU      float64   `json:"cpu"`
	Memory   int64     `json:"memory"`
	Status   string    `json:"_status"`
	Excluded []string  `json:"_excluded"`
}

// windowsShown is how many windows of a node are shown.
const windowsShown = 2

// define makes the function at the first place, and returns once all places run it.
func define(ctx context.Context, places []Place) error {
	if _, _, err := places[0].door.PutFunction(ctx, Function, client.FunctionSpec{SQL: FunctionSQL}); err != nil {
		return fmt.Errorf("demo: function %s: %w", Function, err)
	}
	for _, p := range places {
		err := known(ctx, p, "function "+Function, edged.FunctionNotFound, func() error {
			_, err := p.door.Function(ctx, Function)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// tables asks each node for what it shows. One that does not answer is left out.
func tables(ctx context.Context, places []Place) (all []Table) {
	for _, p := range places {
		if t, err := tableOf(ctx, p); err == nil {
			all = append(all, t)
		}
	}
	return all
}

func tableOf(ctx context.Context, p Place) (Table, error) {
	t := Table{Region: p.Region, Away: []string{}}
	recent := fmt.Sprintf("window_end > CAST('%s' AS TIMESTAMP)", time.Now().Add(-time.Minute).UTC().Format(time.RFC3339))
	page, rowsErr := p.door.Rows(ctx, Function, client.RowsQuery{Where: recent, OrderBy: "-window_end", Limit: windowsShown})
	reach, reachErr := p.door.Completeness(ctx, Function, "")
	if err := errors.Join(rowsErr, reachErr); err != nil {
		return t, err
	}
	for _, row := range page.Rows {
		var w Window
		if err := json.Unmarshal(row.Data, &w); err != nil {
			return t, err
		}
		t.Windows = append(t.Windows, w)
	}
	if reach.Watermark != nil {
		t.Watermark = reach.Watermark.Format(time.RFC3339)
	}
	for _, o := range reach.Origins {
		if o.State == "unreachable" {
			t.Away = append(t.Away, o.Region)
		}
	}
	return t, nil
}
