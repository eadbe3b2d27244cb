package main

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged"
)

const sealText = `Ends an origin whose node will not return: its disk is lost, or its place.

The nodes that are connected agree where each of its logs ends. From then on reads with order=stable
and windows no longer wait for it. Events that it had sent to none of them are given up: should its
disk come back after all, its node takes a new origin, and what it holds past the ends stays with it.
This cannot be undone. What a connected node writes under is refused: stop that node first.

` + "`edged mesh lag`" + ` names the origins that are waited for. Asking again is safe; the exit code is 6 while
not all agree.`

func (a *app) sealCommand() *cobra.Command {
	var anew bool
	cmd := &cobra.Command{
		Use: "seal ORIGIN", Short: "End an origin whose disk is lost", Long: sealText,
		Example: "  edged mesh seal us-1~0123456789abcdef0123",
		Args: func(cmd *cobra.Command, args []string) error {
			if err := exactly(1, "one origin")(cmd, args); err != nil {
				return err
			}
			if _, err := edged.ParseOrigin(args[0]); err != nil {
				return usage("%q is no origin: want LABEL~ and 20 hexadecimal digits, as `edged mesh lag` shows it", args[0])
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.seal(cmd.Context(), args[0], anew) },
	}
	cmd.Flags().BoolVar(&anew, "anew", false, "ask the nodes that are connected now, when one that was asked is lost as well")
	return cmd
}

func (a *app) seal(ctx context.Context, origin string, anew bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	v, err := c.SealOrigin(ctx, origin, anew)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(v)
	}
	var names []string
	for _, m := range v.Roll {
		names = append(names, m.Name)
	}
	by := "by its own node"
	if len(names) > 0 {
		by = "as agreed by " + strings.Join(names, ", ")
	}
	a.note("%s has ended, %s", v.Origin, by)
	if len(v.Away) > 0 {
		a.note("not asked, because not connected: %s; what they alone hold of it does not count", strings.Join(v.Away, ", "))
	}
	return nil
}
