package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgedhq/edged/httpapi/client"
)

func (a *app) functionsCommand() *cobra.Command {
	parent := commandsOnly(&cobra.Command{
		Use: "functions", Short: "Create, read and watch continuous queries", Aliases: []string{"function"},
		Example: "  edged functions apply cities 'SELECT city, COUNT(*) AS n FROM orders GROUP BY city'\n" +
			"  edged functions rows cities --order-by -n --limit 10\n" +
			"  edged functions watch cities\n" +
			"  edged functions status cities",
	})
	list := &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List the functions", Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listFunctions(cmd.Context()) },
	}
	explain := &cobra.Command{
		Use: "explain FUNCTION", Short: "Show the plan of a function", Args: functionArg,
		RunE: func(cmd *cobra.Command, args []string) error { return a.explainFunction(cmd.Context(), args[0]) },
	}
	status := &cobra.Command{
		Use: "status FUNCTION", Aliases: []string{"info"}, Short: "Show how a function fares, and how complete its rows are", Args: functionArg,
		RunE: func(cmd *cobra.Command, args []string) error { return a.functionStatus(cmd.Context(), args[0]) },
	}
	parent.AddCommand(list, a.applyCommand(), explain, status, a.rowsCommand(), a.watchRowsCommand(), a.removeFunctionsCommand())
	return parent
}

func functionArg(cmd *cobra.Command, args []string) error {
	if err := exactly(1, "a function")(cmd, args); err != nil {
		return err
	}
	return functionName(args[0])
}

func (a *app) listFunctions(ctx context.Context) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	return printAll(a, c.Functions(ctx), []string{"NAME", "STATE", "READS", "WINDOW", "INTO", "IN", "OUT", "LATE", "FAILED"},
		func(v *client.FunctionInfo) []string {
			return []string{
				v.Name, v.State, strings.Join(v.Inputs, ", "), orNone(v.Window), orNone(v.Into),
				countText(v.EventsIn), countText(v.EventsOut), countText(v.Late + v.TooLate), countText(v.Failed),
			}
		})
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func (a *app) applyCommand() *cobra.Command {
	var text sqlText
	var spec client.FunctionSpec
	var options []string
	cmd := &cobra.Command{
		Use: "apply FUNCTION [SQL|-]", Short: "Create a function, or replace it",
		Long: "Creates a function, or replaces it, and prints the plan. The text comes from the command line, from a file or,\n" +
			"for -, from standard input. Where the new query folds another way, the rows stay those of the old one until\n" +
			"the new one has reached it.",
		Example: "  edged functions apply cities 'SELECT city, COUNT(*) AS n FROM orders GROUP BY city'\n" +
			"  edged functions apply cities --file cities.sql --option idle=10s --option revise_within=1h",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("want a function and its text; the form is: %s", cmd.UseLine())
			}
			if err := functionName(args[0]); err != nil {
				return err
			}
			return text.check(cmd, args[1:])
		},
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if spec.SQL, err = text.read(a, args[1:]); err != nil {
				return err
			}
			if spec.Options, err = optionsOf(options); err != nil {
				return err
			}
			return a.applyFunction(cmd.Context(), args[0], spec)
		},
	}
	f := cmd.Flags()
	text.flag(f)
	f.StringArrayVar(&options, "option", nil, "`name=value` of an option, such as idle=10s; repeatable")
	f.BoolVar(&spec.Restart, "restart", false, "begin anew from what is retained")
	f.BoolVar(&spec.Now, "now", false, "show the new query at once, not when it has reached the old one")
	return cmd
}

// optionsOf takes apart the values of --option.
func optionsOf(pairs []string) (map[string]string, error) {
	options := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if !ok || name == "" || value == "" {
			return nil, usage("--option %q: want a name and a value, such as idle=10s", pair)
		}
		if name == "sql" || name == "restart" || name == "replace" {
			return nil, usage("--option %s: that is no option of a function", name)
		}
		options[name] = value
	}
	return options, nil
}

// sqlText is a query on the command line.
type sqlText struct{ file string }

func (t *sqlText) flag(f *pflag.FlagSet) {
	f.StringVarP(&t.file, "file", "f", "", "`file` with the text")
}

// check asks for one text: the argument, or --file.
func (t *sqlText) check(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return usage("the text is %d arguments; put it into single quotes", len(args))
	}
	if (len(args) == 1) == (t.file != "") {
		return usage("want the text as an argument, - for standard input, or --file; the form is: %s", cmd.UseLine())
	}
	return nil
}

func (t *sqlText) read(a *app, args []string) (string, error) {
	var b []byte
	var err error
	switch {
	case t.file != "":
		b, err = os.ReadFile(t.file)
	case args[0] == "-":
		b, err = io.ReadAll(a.in)
	default:
		b = []byte(args[0])
	}
	if err != nil {
		return "", usage("the text cannot be read: %v", err)
	}
	if strings.TrimSpace(string(b)) == "" {
		return "", usage("the text is empty; want a query such as 'SELECT COUNT(*) AS n FROM orders'")
	}
	return string(b), nil
}

func (a *app) applyFunction(ctx context.Context, name string, spec client.FunctionSpec) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	info, made, err := c.PutFunction(ctx, name, spec)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(info)
	}
	word := "changed"
	if made {
		word = "created"
	}
	a.note("%s %s", word, name)
	if info.Replaces {
		a.note("the rows are those of the query before, until this one has reached it")
	}
	return a.printLines(info.Explain)
}

// printLines prints a text of several lines.
func (a *app) printLines(text string) error {
	for line := range strings.Lines(text) {
		if _, err := fmt.Fprintln(a.out, harmless(strings.TrimRight(line, "\n"))); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) explainFunction(ctx context.Context, name string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	info, err := c.Function(ctx, name)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(struct {
			Explain string `json:"explain"`
		}{info.Explain})
	}
	return a.printLines(info.Explain)
}

func (a *app) functionStatus(ctx context.Context, name string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	v, err := c.Function(ctx, name)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(v)
	}
	rows := [][]string{
		{"name", v.Name}, {"state", v.State}, {"reads", strings.Join(v.Inputs, ", ")}, {"window", orNone(v.Window)}, {"runs", v.Runs},
		{"into", orNone(v.Into)}, {"query", v.QueryID}, {"created", v.Created.Local().Format(time.DateTime)},
		{"in", countText(v.EventsIn)}, {"out", countText(v.EventsOut)}, {"late", countText(v.Late)}, {"too late", countText(v.TooLate)},
		{"failed", countText(v.Failed)}, {"mistyped", countText(v.Mistyped)}, {"last error", orNone(v.LastError)},
	}
	for _, option := range slices.Sorted(maps.Keys(v.Options)) {
		rows = append(rows, []string{"option " + option, v.Options[option]})
	}
	if err := a.printTable(nil, rows); err != nil || len(v.Origins) == 0 {
		return err
	}
	fmt.Fprintln(a.out)
	return a.printReaches(v.Origins)
}

// printReaches prints how far each origin's input is included.
func (a *app) printReaches(origins []client.Reach) error {
	var rows [][]string
	for _, o := range origins {
		watermark := "none"
		if o.Watermark != nil {
			watermark = o.Watermark.Local().Format("2006-01-02 15:04:05.000")
		}
		var at []string
		for _, log := range slices.Sorted(maps.Keys(o.Position)) {
			at = append(at, fmt.Sprintf("%s:%d", log, o.Position[log]))
		}
		rows = append(rows, []string{o.Origin, o.Region, o.State, watermark, strings.Join(at, " ")})
	}
	return a.printTable([]string{"ORIGIN", "REGION", "STATE", "WATERMARK", "POSITION"}, rows)
}

func (a *app) removeFunctionsCommand() *cobra.Command {
	var yes bool
	cmd := &cobra.Command{
		Use: "rm FUNCTION...", Aliases: []string{"delete"}, Short: "Stop functions and drop their rows, everywhere",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("want one function or more; the form is: %s", cmd.UseLine())
			}
			for _, name := range args {
				if err := functionName(name); err != nil {
					return err
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.removeFunctions(cmd.Context(), args, yes) },
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	return cmd
}

func (a *app) removeFunctions(ctx context.Context, names []string, yes bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	if !yes && !a.confirm(strings.Join(names, ", ")+" with all rows") {
		return errors.New("nothing was deleted")
	}
	for _, name := range names {
		if err := c.DeleteFunction(ctx, name); err != nil {
			return err
		}
		a.note("deleted %s", name)
	}
	return nil
}
