package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/client"
)

func (a *app) updateCommand() *cobra.Command {
	var ops operations
	var ack string
	var wait time.Duration
	cmd := &cobra.Command{
		Use: "update COLLECTION KEY [OPERATIONS|-]", Short: "Change the value of a key, and show it",
		Long: "Carries out operations on a key in their order, all or none, and prints the value after them. They are flags,\n" +
			"or JSON as the HTTP contract has it, one operation or an array, from the command line or, for -, from standard\n" +
			"input. Values of flags that are JSON are taken as JSON, all others as strings.\n\n" +
			"  counter, bounded_counter   --increment N, --decrement N\n" +
			"  register                   --assign VALUE\n" +
			"  set                        --add VALUE, --remove VALUE\n" +
			"  map                        --put FIELD=VALUE, --remove FIELD, --increment FIELD=N\n" +
			"  flag                       --enable, --disable\n" +
			"  hyperloglog, topk          --observe VALUE\n" +
			"  quantiles                  --observe NUMBER",
		Example: "  edged collections update visits home --increment 1\n" +
			"  edged collections update carts user-7 --add apple --remove pear\n" +
			"  edged collections update profiles user-7 '{\"put\":{\"city\":\"Oslo\"}}' --ack region",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 && len(args) != 3 {
				return usage("want a collection, a key, and operations, got %d %s; the form is: %s", len(args), plural(len(args), "argument"), cmd.UseLine())
			}
			return checkKeyArgs(args)
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if _, err := edged.ParseAck(ack); err != nil {
				return usage("--ack %q: want disk, region or regions:N", ack)
			}
			body, err := a.operationsOf(&ops, args[2:])
			if err != nil {
				return err
			}
			return a.update(cmd.Context(), args[0], args[1], body, client.UpdateOptions{Ack: ack, Timeout: wait})
		},
	}
	f := cmd.Flags()
	for _, verb := range verbs {
		flag := f.VarPF(&operation{&ops, verb}, verb.word, "", verb.what)
		if verb.bare {
			flag.NoOptDefVal = "true"
		}
	}
	f.StringVar(&ack, "ack", "", "`level` to wait for: disk, region or regions:N; default: disk")
	f.DurationVar(&wait, "wait", 0, "how `long` the node waits for that; default: 5s")
	return cmd
}

func (a *app) update(ctx context.Context, collection, key string, body []byte, opts client.UpdateOptions) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	e, err := c.Update(ctx, collection, key, body, opts)
	if err != nil {
		return err
	}
	return a.printEntry(&e)
}

// operationsOf gives the JSON of what flags or an argument say.
func (a *app) operationsOf(ops *operations, args []string) ([]byte, error) {
	switch {
	case len(ops.said) > 0 && len(args) > 0:
		return nil, usage("want operations as flags or as JSON, not both")
	case len(ops.said) == 1:
		return ops.said[0], nil
	case len(ops.said) > 1:
		return json.Marshal(ops.said)
	case len(args) == 0:
		return nil, usage("want operations, such as --increment 1, or JSON such as '{\"increment\":1}'")
	case args[0] != "-":
		return checkOperations("OPERATIONS", []byte(args[0]))
	}
	text, err := io.ReadAll(a.in)
	if err != nil {
		return nil, fmt.Errorf("standard input: %w", err)
	}
	return checkOperations("standard input", text)
}

func checkOperations(where string, text []byte) ([]byte, error) {
	if !json.Valid(text) {
		return nil, usage("%s: want JSON, such as '{\"increment\":1}' or '[{\"add\":[\"x\"]}]'", where)
	}
	return text, nil
}

// verb is an operation as a flag.
type verb struct {
	word, what string
	bare       bool // it takes no value
	make       func(text string) (any, error)
}

// verbs are all of them, in the order of the help's table.
var verbs = []verb{ // read-only
	{"increment", "add a `number`, of a map FIELD=NUMBER", false, amount},
	{"decrement", "take a `number` off", false, amount},
	{"assign", "set a register to a `value`", false, func(text string) (any, error) { return jsonOr(text), nil }},
	{"add", "add a `value` to a set; repeatable", false, listOf},
	{"remove", "remove a `value` from a set, or a field from a map; repeatable", false, listOf},
	{"put", "set a field of a map, `FIELD=VALUE`; repeatable", false, field},
	{"enable", "turn a flag on", true, truth},
	{"disable", "turn a flag off", true, truth},
	{"observe", "count a `value` in a sketch; repeatable", false, listOf},
}

// operations are those that flags have said, in their order.
type operations struct{ said []json.RawMessage }

// operation is the value of a flag.
type operation struct {
	ops  *operations
	verb verb
}

// String is the default: none.
func (o *operation) String() string { return "" }

// Type is not shown, because each flag names its value.
func (o *operation) Type() string { return "value" }

// Set adds an operation.
func (o *operation) Set(text string) error {
	v, err := o.verb.make(text)
	if err != nil {
		return err
	}
	op, err := json.Marshal(map[string]any{o.verb.word: v})
	o.ops.said = append(o.ops.said, op)
	return err
}

// jsonOr is a text that is JSON, or else a string.
func jsonOr(text string) any {
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}

func listOf(text string) (any, error) { return []any{jsonOr(text)}, nil }

func truth(text string) (any, error) {
	if text != "true" {
		return nil, fmt.Errorf("it takes no value")
	}
	return true, nil
}

func amount(text string) (any, error) {
	name, number, of := strings.Cut(text, "=")
	if !of {
		number = text
	}
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("want a whole number, or FIELD=NUMBER")
	}
	if of {
		return map[string]int64{name: n}, nil
	}
	return n, nil
}

func field(text string) (any, error) {
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return nil, fmt.Errorf("want FIELD=VALUE")
	}
	return map[string]any{name: jsonOr(value)}, nil
}
