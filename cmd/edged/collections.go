package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged/cmd/edged/config"
	"github.com/edgedhq/edged/httpapi/client"
)

// collectionTypes are what a collection can be of.
var collectionTypes = []string{ // read-only
	"counter", "register", "set", "map", "flag", "hyperloglog", "quantiles", "topk", "bounded_counter",
}

func (a *app) collectionsCommand() *cobra.Command {
	parent := commandsOnly(&cobra.Command{
		Use: "collections", Short: "Create, read, update and watch replicated values", Aliases: []string{"collection"},
		Example: "  edged collections create visits --type counter\n" +
			"  edged collections update visits home --increment 1\n" +
			"  edged collections get visits home\n" +
			"  edged collections watch visits --from earliest",
	})
	list := &cobra.Command{
		Use: "ls", Aliases: []string{"list"}, Short: "List the collections", Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error { return a.listCollections(cmd.Context()) },
	}
	info := &cobra.Command{
		Use: "info COLLECTION", Short: "Show a collection and what the node holds of it", Args: collectionArg,
		RunE: func(cmd *cobra.Command, args []string) error { return a.showCollection(cmd.Context(), args[0]) },
	}
	digest := &cobra.Command{
		Use: "digest COLLECTION", Short: "Sum up a collection's values: equal vectors have equal digests", Args: collectionArg,
		RunE: func(cmd *cobra.Command, args []string) error { return a.showDigest(cmd.Context(), args[0]) },
	}
	parent.AddCommand(list, a.createCollectionCommand(), info, digest, a.keysCommand(), a.getCommand(), a.updateCommand(), a.watchCommand(), a.removeCommand())
	return parent
}

func collectionArg(cmd *cobra.Command, args []string) error {
	if err := exactly(1, "a collection")(cmd, args); err != nil {
		return err
	}
	return collectionName(args[0])
}

func (a *app) listCollections(ctx context.Context) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	return printAll(a, c.Collections(ctx), []string{"NAME", "TYPE", "KEYS", "SIZE", "TTL", "CREATED"},
		func(v *client.CollectionInfo) []string {
			return []string{
				v.Name, v.Type, countText(v.Keys), sizeText(v.Bytes), ttlText(v.TTL), v.Created.Local().Format(time.DateTime),
			}
		})
}

func ttlText(ttl string) string {
	if ttl == "" {
		return "none"
	}
	return ttl
}

func (a *app) showCollection(ctx context.Context, name string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	v, err := c.Collection(ctx, name)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(v)
	}
	rows := [][]string{
		{"name", v.Name}, {"type", v.Type}, {"keys", countText(v.Keys)}, {"size", sizeText(v.Bytes)},
		{"ttl", ttlText(v.TTL)}, {"created", v.Created.Local().Format(time.DateTime)},
	}
	if len(v.Regions) > 0 {
		rows = append(rows, []string{"regions", strings.Join(v.Regions, ", ")})
	}
	for _, bound := range []struct {
		name  string
		value *int64
	}{{"min", v.Min}, {"max", v.Max}} {
		if bound.value != nil {
			rows = append(rows, []string{bound.name, countText(*bound.value)})
		}
	}
	return a.printTable(nil, rows)
}

func (a *app) showDigest(ctx context.Context, name string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	d, err := c.CollectionDigest(ctx, name)
	if err != nil {
		return err
	}
	if a.json() {
		return a.printJSON(d)
	}
	rows := [][]string{{"digest", d.Digest}}
	for _, log := range slices.Sorted(maps.Keys(d.Vector)) {
		rows = append(rows, []string{log, strconv.FormatUint(d.Vector[log], 10)})
	}
	return a.printTable(nil, rows)
}

func (a *app) createCollectionCommand() *cobra.Command {
	var spec client.CollectionSpec
	var least, most int64
	cmd := &cobra.Command{
		Use: "create COLLECTION --type TYPE", Short: "Create a collection, or change its definition",
		Long: "Creates a collection, or changes its definition. TYPE is one of " + strings.Join(collectionTypes, ", ") + ",\n" +
			"fixed once made. A bounded_counter has --min or --max, which no value ever passes.",
		Example: "  edged collections create visits --type counter\n" +
			"  edged collections create seats --type bounded_counter --max 500\n" +
			"  edged collections create sessions --type set --ttl 30m",
		Args: collectionArg,
		RunE: func(cmd *cobra.Command, args []string) error {
			if !slices.Contains(collectionTypes, spec.Type) {
				return usage("--type %q: want one of %s%s", spec.Type, strings.Join(collectionTypes, ", "), config.Nearest(spec.Type, collectionTypes).Ask())
			}
			if cmd.Flags().Changed("min") {
				spec.Min = &least
			}
			if cmd.Flags().Changed("max") {
				spec.Max = &most
			}
			return a.createCollection(cmd.Context(), args[0], spec)
		},
	}
	f := cmd.Flags()
	f.StringVar(&spec.Type, "type", "", "`type` of its values")
	f.StringVar(&spec.TTL, "ttl", "", "let keys go this `age` after their last update, such as 24h")
	f.Int64Var(&least, "min", 0, "`number` that no value of a bounded_counter goes below")
	f.Int64Var(&most, "max", 0, "`number` that no value of a bounded_counter goes above")
	f.StringArrayVar(&spec.Regions, "region", nil, "`region` that keeps the collection; repeatable; default: all (not in this build: all keep it)")
	_ = cmd.RegisterFlagCompletionFunc("type", cobra.FixedCompletions(collectionTypes, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

func (a *app) createCollection(ctx context.Context, name string, spec client.CollectionSpec) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	info, made, err := c.PutCollection(ctx, name, spec)
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

func (a *app) removeCommand() *cobra.Command {
	var keys []string
	var yes bool
	cmd := &cobra.Command{
		Use: "rm COLLECTION...", Aliases: []string{"delete"}, Short: "Delete collections, or keys of one, everywhere",
		Long: "Deletes collections with all their keys. With --key it deletes those keys of the one collection that is\n" +
			"named, and what other nodes add at the same time survives.",
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 || len(keys) > 0 && len(args) != 1 {
				return usage("want one collection or more, or one collection with --key; the form is: %s", cmd.UseLine())
			}
			for _, name := range args {
				if err := collectionName(name); err != nil {
					return err
				}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(keys) > 0 {
				return a.removeKeys(cmd.Context(), args[0], keys, yes)
			}
			return a.removeCollections(cmd.Context(), args, yes)
		},
	}
	cmd.Flags().BoolVarP(&yes, "yes", "y", false, "do not ask")
	cmd.Flags().StringArrayVar(&keys, "key", nil, "`key` to delete, instead of the collection; repeatable")
	return cmd
}

func (a *app) removeCollections(ctx context.Context, names []string, yes bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	if !yes && !a.confirm(strings.Join(names, ", ")+" with all keys") {
		return errors.New("nothing was deleted")
	}
	for _, name := range names {
		if err := c.DeleteCollection(ctx, name); err != nil {
			return err
		}
		a.note("deleted %s", name)
	}
	return nil
}

func (a *app) removeKeys(ctx context.Context, name string, keys []string, yes bool) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	if !yes && !a.confirm(fmt.Sprintf("%d %s of %s", len(keys), plural(len(keys), "key"), name)) {
		return errors.New("nothing was deleted")
	}
	for _, key := range keys {
		if _, err := c.DeleteKey(ctx, name, key, client.UpdateOptions{}); err != nil {
			return err
		}
		a.note("deleted %s of %s", harmless(key), name)
	}
	return nil
}
