package main

import (
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgedhq/edged/cmd/edged/config"
)

// settingFlags are the flags that stand for settings of the configuration.
type settingFlags struct {
	app  *app
	file string
}

// add gives a command the flags of all settings that have one, and --config.
func (s *settingFlags) add(f *pflag.FlagSet) {
	f.StringVar(&s.file, "config", s.app.getenv("EDGED_CONFIG"), "`file` with settings, YAML (EDGED_CONFIG)")
	for _, setting := range config.Settings() {
		help := setting.Help
		switch {
		case setting.Flag == "":
		case setting.Kind == config.Bool:
			f.Bool(setting.Flag, setting.Default == "true", help)
		case setting.Kind == config.List:
			f.StringArray(setting.Flag, nil, help)
		default:
			f.String(setting.Flag, setting.Default, help)
		}
	}
	_ = cobra.MarkFlagFilename(f, "config", "yaml", "yml")
	_ = cobra.MarkFlagDirname(f, "data")
}

// load brings the sources together.
func (s *settingFlags) load(f *pflag.FlagSet) (*config.Config, error) {
	given := map[string][]string{}
	f.Visit(func(flag *pflag.Flag) {
		given[flag.Name] = []string{flag.Value.String()}
		if list, ok := flag.Value.(pflag.SliceValue); ok {
			given[flag.Name] = list.GetSlice()
		}
	})
	host, _ := os.Hostname() // without one the node is called node
	c, err := config.Load(config.Sources{File: s.file, Environ: s.app.environ, Flags: given, Host: host})
	if err != nil {
		return nil, &usageError{err, "`edged config show`, without it, lists every setting"}
	}
	return c, nil
}

func (a *app) configCommand() *cobra.Command {
	flags := &settingFlags{app: a}
	check := &cobra.Command{
		Use: "check", Short: "Check the configuration that `edged serve` would use", Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if _, err := flags.load(cmd.Flags()); err != nil {
				return err
			}
			a.note("the configuration is right")
			return nil
		},
	}
	show := &cobra.Command{
		Use: "show", Short: "Show every setting and where its value comes from", Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.load(cmd.Flags())
			if err != nil {
				return err
			}
			return a.showSettings(c)
		},
	}
	parent := commandsOnly(&cobra.Command{Use: "config", Short: "Check and show the configuration"})
	for _, c := range []*cobra.Command{check, show} {
		flags.add(c.Flags())
		parent.AddCommand(c)
	}
	return parent
}

func (a *app) showSettings(c *config.Config) error {
	if a.json() {
		type shown struct {
			Key   string `json:"key"`
			Value any    `json:"value"`
			From  string `json:"from"`
		}
		all := []shown{}
		for _, v := range c.Values() {
			s := shown{Key: v.Key, Value: v.String(), From: v.From}
			if v.Kind == config.List {
				s.Value = append([]string{}, v.Texts...)
			}
			all = append(all, s)
		}
		return a.printJSON(all)
	}
	var rows [][]string
	for _, v := range c.Values() {
		rows = append(rows, []string{v.Key, v.String(), v.From})
	}
	return a.printTable([]string{"KEY", "VALUE", "FROM"}, rows)
}
