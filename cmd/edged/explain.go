package main

import (
	"errors"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/cmd/edged/node"
	"github.com/edgedhq/edged/httpapi/client"
)

func (a *app) explainCommand() *cobra.Command {
	var text sqlText
	var name string
	var options []string
	cmd := &cobra.Command{
		Use: "explain [SQL|-]", Short: "Show the plan of a query, without a node",
		Long: "Shows how a function of this text would run, or what of it is refused, with line and column. No node is asked.",
		Example: "  edged explain 'SELECT city, COUNT(*) AS n FROM orders GROUP BY city'\n" +
			"  edged explain --file cities.sql --option idle=10s",
		Args: text.check,
		RunE: func(_ *cobra.Command, args []string) error {
			sql, err := text.read(a, args)
			if err != nil {
				return err
			}
			given, err := optionsOf(options)
			if err != nil {
				return err
			}
			return a.explain(name, sql, given)
		},
	}
	f := cmd.Flags()
	text.flag(f)
	f.StringVar(&name, "name", "query", "`name` of the function")
	f.StringArrayVar(&options, "option", nil, "`name=value` of an option, such as idle=10s; repeatable")
	return cmd
}

func (a *app) explain(name, sql string, options map[string]string) error {
	plan, err := node.Explain(name, sql, options)
	if r, ok := errors.AsType[*edged.Refusal](err); ok { // as a node would say it
		p := &client.Problem{Code: string(r.Kind), Detail: r.Detail}
		for _, f := range r.Fields {
			p.Errors = append(p.Errors, client.Field{Location: f.Location, Message: f.Message, Line: f.Line, Column: f.Column})
		}
		return p
	}
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(struct {
			Explain string `json:"explain"`
		}{plan})
	}
	return a.printLines(plan)
}
