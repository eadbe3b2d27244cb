package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// version is the release, set by the linker; empty in a build from a working tree.
var version = "" // read-only

// buildVersion names the release, else the commit, else devel.
func buildVersion() string {
	if version != "" {
		return version
	}
	if commit := buildCommit(); commit != "" {
		return "devel-" + commit[:min(len(commit), 12)]
	}
	return "devel"
}

// buildCommit is the commit that was built, if the tool chain noted it.
func buildCommit() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return ""
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the version of this binary", Args: exactly(0, "no argument"),
		RunE: func(*cobra.Command, []string) error {
			if a.json() {
				return a.printJSON(map[string]string{
					"version": buildVersion(), "commit": buildCommit(), "go": runtime.Version(),
					"platform": runtime.GOOS + "/" + runtime.GOARCH,
				})
			}
			_, err := fmt.Fprintf(a.out, "edged %s %s %s/%s\n", buildVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
