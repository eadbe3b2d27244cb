package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/cmd/edged/config"
	"github.com/edgedhq/edged/httpapi/client"
)

// globals are the flags that every command takes.
type globals struct {
	server    string
	tokenFile string
	output    string
	quiet     bool
	noColor   bool
	timeout   time.Duration
}

// root builds the tree of commands. Without a command it serves.
func (a *app) root() *cobra.Command {
	serve := &serveCommand{app: a}
	root := serve.command("edged")
	root.Short = "edged is a node of an edge streaming platform, and the client of one"
	root.Long = "Without a command, edged runs a node: on 127.0.0.1:8080, with its data in ./edged-data."
	root.Version = buildVersion()
	root.SilenceErrors, root.SilenceUsage = true, true
	root.CompletionOptions.HiddenDefaultCmd = false
	root.SetVersionTemplate("edged {{.Version}}\n")
	root.SetFlagErrorFunc(flagError)
	a.globalFlags(root.PersistentFlags())
	root.PersistentPreRunE = func(*cobra.Command, []string) error { return a.checkGlobals() }
	root.AddCommand(
		(&serveCommand{app: a}).command("serve"),
		a.pubCommand(), a.subCommand(), a.streamsCommand(), a.collectionsCommand(), a.functionsCommand(), a.explainCommand(), a.queryCommand(), a.meshCommand(), a.verifyCommand(), a.demoCommand(), a.benchCommand(),
		a.doctorCommand(), a.configCommand(), a.versionCommand(),
	)
	root.InitDefaultCompletionCmd()
	if completion, _, err := root.Find([]string{"completion"}); err == nil {
		commandsOnly(completion)
	}
	return root
}

func (a *app) globalFlags(f *pflag.FlagSet) {
	server := a.getenv("EDGED_SERVER")
	if server == "" {
		server = "http://127.0.0.1:8080"
	}
	f.StringVarP(&a.globals.server, "server", "s", server, "`URL` of the node to speak with (EDGED_SERVER)")
	f.StringVar(&a.globals.tokenFile, "token-file", a.getenv("EDGED_TOKEN_FILE"), "`file` with the token to send (EDGED_TOKEN_FILE)")
	f.StringVarP(&a.globals.output, "output", "o", "", "`form` of the output: table or json; default: table on a terminal")
	f.BoolVarP(&a.globals.quiet, "quiet", "q", false, "say nothing but data and errors")
	f.BoolVar(&a.globals.noColor, "no-color", a.getenv("NO_COLOR") != "", "no colours (NO_COLOR)")
	f.DurationVar(&a.globals.timeout, "timeout", 30*time.Second, "longest wait for one answer")
}

func (a *app) checkGlobals() error {
	switch a.globals.output {
	case "", "table", "json":
		return nil
	}
	return usage("--output %q: want table or json%s", a.globals.output, config.Nearest(a.globals.output, []string{"table", "json"}).Ask())
}

// client makes a client of the node that the flags name.
func (a *app) client() (*client.Client, error) { return a.clientOf(a.globals.server) }

// clientOf makes a client of any node, with what the flags say of the rest.
func (a *app) clientOf(url string) (*client.Client, error) {
	token, err := a.token()
	if err != nil {
		return nil, err
	}
	c, err := client.New(client.Options{
		URL: url, Token: token, Timeout: a.globals.timeout, Agent: "edged/" + buildVersion(),
	})
	if err != nil {
		return nil, usage("--server: %v", err)
	}
	return c, nil
}

// token reads what --token-file names.
func (a *app) token() (string, error) {
	if a.globals.tokenFile == "" {
		return "", nil
	}
	token, err := os.ReadFile(a.globals.tokenFile)
	if err != nil {
		return "", usage("--token-file: %v", err)
	}
	return strings.TrimSpace(string(token)), nil
}

// flagError names the flag that was probably meant, or the command: behind one that does not exist
// every flag is unknown.
func flagError(cmd *cobra.Command, err error) error {
	if words := cmd.Flags().Args(); cmd.HasSubCommands() && len(words) > 0 {
		return unknownCommand(cmd, words)
	}
	missing, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return usage("%v", err)
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	near := config.Nearest(missing.GetSpecifiedName(), names)
	if near != "" {
		near = "--" + near
	}
	return usage("%v%s", err, near.Ask())
}

// exactly asks for that many arguments and says which are meant.
func exactly(n int, what string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == n {
			return nil
		}
		return usage("want %s, got %d %s; the form is: %s", what, len(args), plural(len(args), "argument"), cmd.UseLine())
	}
}

// streamName refuses what no stream can be called.
func streamName(name string) error {
	if r, ok := errors.AsType[*edged.Refusal](edged.CheckName("stream", name)); ok {
		return usage("%q is no name of a stream: %s", name, r.Fields[0].Message)
	}
	return nil
}

// collectionName refuses what no collection can be called.
func collectionName(name string) error {
	if r, ok := errors.AsType[*edged.Refusal](edged.CheckName("collection", name)); ok {
		return usage("%q is no name of a collection: %s", name, r.Fields[0].Message)
	}
	return nil
}

// functionName refuses what no function can be called.
func functionName(name string) error {
	if r, ok := errors.AsType[*edged.Refusal](edged.CheckName("function", name)); ok {
		return usage("%q is no name of a function: %s", name, r.Fields[0].Message)
	}
	return nil
}

// commandsOnly is for a command that does nothing without one of its own commands.
func commandsOnly(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error { return unknownCommand(cmd, args) }
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// unknownCommand refuses a word that is no command, and names the nearest that is.
func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	var names []string
	for _, c := range cmd.Commands() {
		if !c.Hidden {
			names = append(append(names, c.Name()), c.Aliases...)
		}
	}
	return usage("unknown command %q for %q%s", args[0], cmd.CommandPath(), config.Nearest(args[0], names).Ask())
}

func plural(n int, noun string) string {
	if n == 1 {
		return noun
	}
	return noun + "s"
}

// usage makes an error of how the command line was used.
func usage(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}
