package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged/cmd/edged/config"
	"github.com/edgedhq/edged/httpapi/client"
)

func (a *app) streamsCommand() *cobra.Command {
	parent := commandsOnly(&cobra.Command{Use: "streams", Short: "List, show, create and delete streams", Aliases: []string{"stream"}})
	list := &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List the streams", Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listStreams(cmd.Context()) },
	}
	info := &cobra.Command{
		Use: "info STREAM", Short: "Show a stream and what the node holds of it", Args: streamArg,
		RunE: func(cmd *cobra.Command, args []string) error { return a.showStream(cmd.Context(), args[0]) },
	}
	var yes bool
	remove := &cobra.Command{
		Use: "rm STREAM...", Aliases: []string{"delete"}, Short: "Delete streams and all their events, everywhere",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage("want one stream or more; the form is: %s", cmd.UseLine())
			}
			for _, name := range args {
				if err := streamName(name); err != nil {
					return err
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return a.removeStreams(cmd.Context(), args, yes) },
	}
	remove.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	parent.AddCommand(list, info, a.createStreamCommand(), remove)
	return parent
}

func streamArg(cmd *cobra.Command, args []string) error {
	if err := exactly(1, "a stream")(cmd, args); err != nil {
		return err
	}
	return streamName(args[0])
}

func (a *app) listStreams(ctx context.Context) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	return printAll(a, c.Streams(ctx), []string{"NAME", "PARTITIONS", "EVENTS", "SIZE", "RETENTION", "CREATED"},
		func(s *client.StreamInfo) []string {
			return []string{
				s.Name, strconv.Itoa(s.Partitions), countText(s.Events), sizeText(s.Bytes), retentionText(s.Retention),
				s.Created.Local().Format(time.DateTime),
			}
		})
}

func retentionText(r *client.Retention) string {
	var parts []string
	if r != nil && r.Age != "" {
		parts = append(parts, r.Age)
	}
	if r != nil && r.Bytes != "" {
		size := string(r.Bytes)
		if n, err := config.ParseSize(size); err == nil {
			size = sizeText(n)
		}
		parts = append(parts, size)
	}
	if len(parts) == 0 {
		return "all"
	}
	return strings.Join(parts, ", ")
}

func (a *app) showStream(ctx context.Context, name string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	s, err := c.Stream(ctx, name)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(s)
	}
	rows := [][]string{
		{"name", s.Name}, {"partitions", strconv.Itoa(s.Partitions)}, {"events", countText(s.Events)},
		{"size", sizeText(s.Bytes)}, {"retention", retentionText(s.Retention)}, {"created", s.Created.Local().Format(time.DateTime)},
	}
	if s.Description != "" {
		rows = append(rows, []string{"description", s.Description})
	}
	if err := a.printTable(nil, rows); err != nil || len(s.Origins) == 0 {
		return err
	}
	fmt.Fprintln(a.out)
	rows = nil
	for _, l := range s.Origins {
		rows = append(rows, []string{
			l.Origin, strconv.FormatUint(uint64(l.Partition), 10), strconv.FormatUint(l.First, 10),
			strconv.FormatUint(l.Last, 10), sizeText(l.Bytes),
		})
	}
	return a.printTable([]string{"ORIGIN", "PARTITION", "FIRST", "LAST", "SIZE"}, rows)
}

func (a *app) createStreamCommand() *cobra.Command {
	var spec client.StreamSpec
	var age, size string
	cmd := &cobra.Command{
		Use: "create STREAM", Short: "Create a stream, or change its definition", Args: streamArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if age != "" || size != "" {
				spec.Retention = &client.Retention{Age: age, Bytes: client.Size(size)}
			}
			return a.createStream(cmd.Context(), args[0], spec)
		},
	}
	f := cmd.Flags()
	f.IntVar(&spec.Partitions, "partitions", 0, "`number` of partitions, 1 to 256, fixed once made; default 1")
	f.StringVar(&age, "retention-age", "", "let events go at this `age`, such as 24h")
	f.StringVar(&size, "retention-bytes", "", "let events go past this `size`, such as 10GiB")
	f.StringArrayVar(&spec.Regions, "region", nil, "`region` that keeps the stream; repeatable; default: all (not in this build: all keep it)")
	f.StringVar(&spec.Replication, "replication", "", "`what` travels: full or aggregates (not in this build: all travels)")
	f.StringVar(&spec.Description, "description", "", "`text` for people")
	return cmd
}

func (a *app) createStream(ctx context.Context, name string, spec client.StreamSpec) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	info, made, err := c.PutStream(ctx, name, spec)
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
	return nil
}

func (a *app) removeStreams(ctx context.Context, names []string, yes bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	if !yes && !a.confirm(strings.Join(names, ", ")+" with all events") {
		return errors.New("nothing was deleted")
	}
	for _, name := range names {
		if err := c.DeleteStream(ctx, name); err != nil {
			return err
		}
		a.note("deleted %s", name)
	}
	return nil
}

// confirm asks a person whether something is to be deleted. Who is no person is not asked.
func (a *app) confirm(what string) bool {
	if !terminal(a.in) || !terminal(a.errs) {
		return true
	}
	fmt.Fprintf(a.errs, "Delete %s, on every node? [y/N] ", what)
	answer, err := bufio.NewReader(a.in).ReadString('\n')
	answer = strings.ToLower(strings.TrimSpace(answer))
	return err == nil && (answer == "y" || answer == "yes")
}
