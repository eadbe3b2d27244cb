package main

import (
	"context"
	"encoding/json"
	"iter"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged/httpapi/client"
)

// people says whether data is printed for people: on a terminal, or where a table is asked for.
func (a *app) people() bool {
	return !a.json() && (terminal(a.out) || a.globals.output == "table")
}

func (a *app) rowsCommand() *cobra.Command {
	var q client.RowsQuery
	var limit int
	cmd := &cobra.Command{
		Use: "rows FUNCTION", Short: "Show the rows of a function",
		Long: "Prints the rows as a table on a terminal and with -o table; piped, or with -o json, as NDJSON. Columns with\n" +
			"_ in front are the node's: _status is provisional, final or revised.",
		Example: "  edged functions rows cities --where 'n > 10' --order-by -n\n" +
			"  edged functions rows minutes --window latest",
		Args: functionArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return usage("--limit %d: want a number above zero, or 0", limit)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			rows, err := rowsOf(cmd.Context(), c, args[0], q, limit)
			if err != nil {
				return err
			}
			return a.printRows(nil, rows)
		},
	}
	f := cmd.Flags()
	f.StringVar(&q.Where, "where", "", "only rows for which this SQL `expression` over the columns is true")
	f.StringVar(&q.Window, "window", "", "`which` windows: latest, open, all, or a time that is in it; default: all")
	f.StringVar(&q.OrderBy, "order-by", "", "`column` to sort by, or -column for the largest first; default: window and key")
	f.IntVar(&limit, "limit", 0, "at most so many `rows`; 0: all")
	f.StringVar(&q.After, "after", "", "wait until the rows include this `cursor`, from any node")
	return cmd
}

// rowsOf gathers rows, page by page.
func rowsOf(ctx context.Context, c *client.Client, name string, q client.RowsQuery, limit int) ([]client.Row, error) {
	const page = 10_000
	var rows []client.Row
	for {
		q.Limit = page
		if limit > 0 {
			q.Limit = min(page, limit-len(rows))
		}
		got, err := c.Rows(ctx, name, q)
		if err != nil {
			return nil, err
		}
		rows = append(rows, got.Rows...)
		if q.Page = got.Next; q.Page == "" || len(rows) == limit {
			return rows, nil
		}
	}
}

// printRows prints rows: for people a table with these columns, or with those that come; else a line
// a row.
func (a *app) printRows(columns []string, rows []client.Row) error {
	if !a.people() {
		lines := json.NewEncoder(a.out)
		lines.SetEscapeHTML(false)
		for _, row := range rows {
			if err := lines.Encode(row); err != nil {
				return err
			}
		}
		return nil
	}
	for _, row := range rows {
		for _, name := range row.Names {
			if !slices.Contains(columns, name) {
				columns = append(columns, name)
			}
		}
	}
	headings := make([]string, len(columns))
	for i, name := range columns {
		headings[i] = harmless(name)
	}
	table := make([][]string, len(rows))
	for i, row := range rows {
		for _, name := range columns {
			table[i] = append(table[i], cellText(row.Values[name]))
		}
	}
	return a.printTable(headings, table)
}

// cellText is a value in a table: text without its quotes, and nothing where there is none.
func cellText(value json.RawMessage) string {
	var text string
	if len(value) == 0 {
		return ""
	}
	if json.Unmarshal(value, &text) == nil && value[0] == '"' {
		return text
	}
	return string(value)
}

func (a *app) watchRowsCommand() *cobra.Command {
	w := rowsWatcher{}
	cmd := &cobra.Command{
		Use: "watch FUNCTION", Short: "Follow the rows of a function as they change",
		Long: "Follows a function and goes on by its cursor after a loss of connection: first the present rows, then each as\n" +
			"it changes. On a terminal each is one short line, also with -o table; piped, or with -o json, it is NDJSON.",
		Example: "  edged functions watch cities\n" +
			"  edged functions watch cities --from latest --where 'n > 10' -o json",
		Args: functionArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			w.app, w.again, w.show = a, "edged functions watch "+args[0], w.line
			w.open = func(ctx context.Context, c *client.Client, opts client.FollowOptions) iter.Seq2[client.Delivery, error] {
				return c.WatchRows(ctx, args[0], w.query, opts)
			}
			return w.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&w.query.From, "from", "earliest", "`place` to begin: earliest for the present rows first, or latest")
	f.StringVar(&w.query.Cursor, "cursor", "", "go on after this `cursor`, from any node")
	f.StringVar(&w.query.Where, "where", "", "only rows for which this SQL `expression` over the columns is true")
	f.StringArrayVar(&w.query.Keys, "key", nil, "only the group with this `key`; repeatable")
	f.StringVar(&w.query.Prefix, "prefix", "", "only groups whose key has this `prefix`")
	w.flags(f, "rows")
	return cmd
}

// rowsWatcher prints the rows of a function as they change.
type rowsWatcher struct {
	follower
	query client.RowsFeed
}

// line is a row as it is printed.
func (w *rowsWatcher) line(d *client.Delivery, people bool) ([]byte, error) {
	if !people {
		return d.Data, nil
	}
	change, err := d.Row()
	if err != nil {
		return nil, err
	}
	line := w.app.paint(w.app.out, dim, time.Now().Format("15:04:05.000"))
	for _, name := range change.Row.Names {
		line += "  " + w.app.paint(w.app.out, dim, harmless(name)+"=") + harmless(cellText(change.Row.Values[name]))
	}
	return []byte(line), nil
}

func (a *app) queryCommand() *cobra.Command {
	var text sqlText
	var q client.OnceQuery
	cmd := &cobra.Command{
		Use: "query [SQL|-]", Short: "Ask once, in SQL, over what is retained",
		Long: "Carries a query out once over what the node holds. The rows are a table on a terminal and with -o table;\n" +
			"piped, or with -o json, NDJSON. With --timeout it may take longer, or less.",
		Example: "  edged query 'SELECT city, COUNT(*) AS n FROM orders GROUP BY city ORDER BY n DESC LIMIT 10'\n" +
			"  edged query --file report.sql -o json",
		Args: func(cmd *cobra.Command, args []string) error { return text.check(cmd, args) },
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if q.Limit < 0 {
				return usage("--limit %d: want a number above zero", q.Limit)
			}
			if q.SQL, err = text.read(a, args); err != nil {
				return err
			}
			if cmd.Flags().Changed("timeout") {
				q.Timeout = a.globals.timeout
			}
			return a.query(cmd.Context(), q)
		},
	}
	text.flag(cmd.Flags())
	cmd.Flags().IntVar(&q.Limit, "limit", 0, "at most so many `rows`; default: 1000")
	cmd.Flags().StringVar(&q.Cut, "cut", "", "over what this `cut` of another answer covers")
	return cmd
}

func (a *app) query(ctx context.Context, q client.OnceQuery) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	answer, err := c.Query(ctx, q)
	if err != nil {
		return err
	}
	var columns []string
	for _, column := range answer.Columns {
		columns = append(columns, column.Name)
	}
	if err := a.printRows(columns, answer.Rows); err != nil {
		return err
	}
	if answer.Truncated {
		a.note("%s there are more rows; raise --limit, at most 10000, or narrow the query", a.paint(a.errs, yellow, "truncated:"))
	}
	if terminal(a.errs) {
		a.note("cut %s", answer.Cut)
	}
	return nil
}
