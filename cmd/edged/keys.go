package main

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

// keyArgs asks for a collection and a key.
func keyArgs(cmd *cobra.Command, args []string) error {
	if err := exactly(2, "a collection and a key")(cmd, args); err != nil {
		return err
	}
	return checkKeyArgs(args)
}

func checkKeyArgs(args []string) error {
	if err := collectionName(args[0]); err != nil {
		return err
	}
	if r, ok := errors.AsType[*edged.Refusal](edged.CheckKey("key", args[1])); ok {
		return usage("%q is no key: %s", args[1], r.Fields[0].Message)
	}
	return nil
}

func (a *app) keysCommand() *cobra.Command {
	var prefix, after string
	var limit int
	cmd := &cobra.Command{
		Use: "keys COLLECTION", Short: "List the keys of a collection and their values", Args: collectionArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if limit < 0 {
				return usage("--limit %d: want a number above zero, or 0", limit)
			}
			c, err := a.client()
			if err != nil {
				return err
			}
			return a.printKeys(c.Entries(cmd.Context(), args[0], prefix, after), limit)
		},
	}
	cmd.Flags().StringVar(&prefix, "prefix", "", "only keys with this `prefix`")
	cmd.Flags().IntVar(&limit, "limit", 0, "at most so many `keys`; 0: all")
	cmd.Flags().StringVar(&after, "after", "", "wait until the node has caught up to this `cursor`, from any node")
	return cmd
}

// printKeys prints a table or, for a program, a line a key: there may be millions.
func (a *app) printKeys(entries iter.Seq2[client.Entry, error], limit int) error {
	lines := json.NewEncoder(a.out)
	lines.SetEscapeHTML(false)
	var rows [][]string
	n := 0
	for e, err := range entries {
		switch {
		case err != nil:
		case a.json():
			err = lines.Encode(e)
		default:
			rows = append(rows, []string{e.Key, string(e.Value)})
		}
		if err != nil {
			return err
		}
		if n++; n == limit {
			break
		}
	}
	if a.json() {
		return nil
	}
	return a.printTable([]string{"KEY", "VALUE"}, rows)
}

func (a *app) getCommand() *cobra.Command {
	var after string
	cmd := &cobra.Command{
		Use: "get COLLECTION KEY", Short: "Show the value of a key",
		Long: "Prints the value as JSON; with -o json, all that the node says of it, with its cursor. Where regions have\n" +
			"set a register at the same time, the value is the one that wins, and all of them are listed beside it.",
		Example: "  edged collections get visits home\n" +
			"  edged collections get visits home --server http://127.0.0.1:8081 --after CURSOR",
		Args: keyArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			e, err := c.Entry(cmd.Context(), args[0], args[1], after)
			if err != nil {
				return err
			}
			return a.printEntry(&e)
		},
	}
	cmd.Flags().StringVar(&after, "after", "", "wait until the node has caught up to this `cursor`, from any node")
	return cmd
}

// printEntry prints a value.
func (a *app) printEntry(e *client.Entry) error {
	if a.json() {
		return a.printJSON(e)
	}
	for _, c := range e.Conflicts {
		a.note("%s %s", a.paint(a.errs, yellow, "concurrent:"), harmless(string(c)))
	}
	text := string(e.Value)
	if terminal(a.out) {
		text = harmless(text)
	}
	_, err := a.out.Write(append([]byte(text), '\n'))
	return err
}

func (a *app) watchCommand() *cobra.Command {
	w := watcher{}
	cmd := &cobra.Command{
		Use: "watch COLLECTION", Short: "Follow the values of a collection as they change",
		Long: "Follows a collection and goes on by its cursor after a loss of connection. On a terminal each change\n" +
			"is one short line, also with -o table; piped, or with -o json, it is NDJSON.",
		Example: "  edged collections watch visits\n" +
			"  edged collections watch visits --from earliest --prefix shop/ -o json",
		Args: collectionArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			w.app, w.again, w.show = a, "edged collections watch "+args[0], w.line
			w.open = func(ctx context.Context, c *client.Client, opts client.FollowOptions) iter.Seq2[client.Delivery, error] {
				return c.Watch(ctx, args[0], w.query, opts)
			}
			return w.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&w.query.From, "from", "latest", "`place` to begin: latest, or earliest for all keys with their values first")
	f.StringVar(&w.query.Cursor, "cursor", "", "go on after this `cursor`, from any node")
	f.StringArrayVar(&w.query.Keys, "key", nil, "only this `key`; repeatable")
	f.StringVar(&w.query.Prefix, "prefix", "", "only keys with this `prefix`")
	w.flags(f, "changes")
	return cmd
}

// watcher prints the changes of a collection.
type watcher struct {
	follower
	query client.WatchQuery
}

// line is a change as it is printed.
func (w *watcher) line(d *client.Delivery, people bool) ([]byte, error) {
	if !people {
		return d.Data, nil
	}
	change, err := d.Change()
	if err != nil {
		return nil, err
	}
	value := harmless(string(change.Value))
	if change.Deleted {
		value = w.app.paint(w.app.out, dim, "deleted")
	}
	at := w.app.paint(w.app.out, dim, time.Now().Format("15:04:05.000"))
	return []byte(at + "  " + w.app.paint(w.app.out, green, harmless(change.Key)) + "  " + value), nil
}
