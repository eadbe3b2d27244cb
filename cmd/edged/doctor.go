package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/edgedhq/edged/cmd/edged/config"
)

// verdict is what one check of the machine found.
type verdict struct {
	Check  string `json:"check"`
	State  string `json:"state"` // ok, warn or fail
	Detail string `json:"detail"`
	Do     string `json:"do,omitempty"` // what mends it
}

const (
	stateOK   = "ok"
	stateWarn = "warn" // a node runs, but not as well as it could
	stateFail = "fail" // a node does not run, or not safely
)

func (a *app) doctorCommand() *cobra.Command {
	flags := &settingFlags{app: a}
	cmd := &cobra.Command{
		Use: "doctor", Short: "Check whether this machine suits a node",
		Long: "Checks this machine with the settings that `edged serve` would use, and says what to do\n" +
			"about each thing that is not right. The exit code is 10 when something has failed.",
		Args: exactly(0, "no argument"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := flags.load(cmd.Flags())
			if err != nil {
				return err
			}
			return a.doctor(cmd.Context(), c)
		},
	}
	flags.add(cmd.Flags())
	return cmd
}

func (a *app) doctor(ctx context.Context, c *config.Config) error {
	data := c.Text("node.data")
	door, running := checkPort(ctx, c.Text("http.listen"))
	verdicts := []verdict{
		door,
		checkMeshPort(ctx, c.Text("mesh.listen"), running),
	}
	for _, address := range c.List("mesh.join") {
		verdicts = append(verdicts, checkJoin(ctx, address))
	}
	verdicts = append(verdicts,
		checkBuffers("/proc/sys/net/core"),
		checkClock(time.Now()),
		checkSync(data),
		checkSpace(data, c.Size("storage.min_free")),
		checkFiles(),
	)
	if err := a.printVerdicts(verdicts); err != nil {
		return err
	}
	if slices.ContainsFunc(verdicts, func(v verdict) bool { return v.State == stateFail }) {
		return errUnhealthy
	}
	return nil
}

func (a *app) printVerdicts(verdicts []verdict) error {
	if a.json() {
		return a.printJSON(verdicts)
	}
	for _, v := range verdicts {
		c := map[string]colour{stateOK: green, stateWarn: yellow, stateFail: red}[v.State]
		fmt.Fprintf(a.out, "%s %-13s %s\n", a.paint(a.out, c, fmt.Sprintf("%-5s", v.State)), v.Check, v.Detail)
		if v.Do != "" {
			fmt.Fprintf(a.out, "      %-13s do: %s\n", "", v.Do)
		}
	}
	return nil
}

// checkPort looks whether the HTTP address is free, or already a node's.
func checkPort(ctx context.Context, address string) (v verdict, running bool) {
	v = verdict{Check: "http port", State: stateOK, Detail: address + " is free"}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err == nil {
		l.Close()
		return v, false
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, e := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+address+"/v1/version", nil)
	if e == nil {
		if resp, e := http.DefaultClient.Do(req); e == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				v.Detail = address + " is served by a node that runs already"
				return v, true
			}
		}
	}
	return verdict{"http port", stateFail, err.Error(), "choose another address with --http, or stop what listens there"}, false
}

// checkSync measures what one durable write costs where the data is, or will be.
func checkSync(data string) verdict {
	dir, err := existing(data)
	if err != nil {
		return verdict{"disk", stateFail, err.Error(), "choose another directory with --data"}
	}
	median, err := syncTime(dir)
	if err != nil {
		return verdict{"disk", stateFail, err.Error(), "make " + dir + " writable, or choose another directory with --data"}
	}
	v := verdict{Check: "disk", State: stateOK, Detail: fmt.Sprintf("a durable write takes %s in %s", median.Round(time.Microsecond), dir)}
	switch {
	case median > 20*time.Millisecond:
		v.State, v.Do = stateWarn, "put the data on an SSD; until then publish in batches, or with --ack memory what may be lost"
	case median < 20*time.Microsecond:
		v.State, v.Do = stateWarn, "so fast is memory, or a disk that does not honour a flush: a power cut may take acknowledged events"
	}
	return v
}

// existing is the directory itself, or the nearest above it that is there.
func existing(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for {
		st, err := os.Stat(dir)
		if err == nil && !st.IsDir() {
			return "", fmt.Errorf("%s is not a directory", dir)
		}
		if err == nil {
			return dir, nil
		}
		parent := filepath.Dir(dir)
		if !errors.Is(err, fs.ErrNotExist) || parent == dir {
			return "", err
		}
		dir = parent
	}
}

// syncTime is the median time of a 4 KiB append with its fsync.
func syncTime(dir string) (time.Duration, error) {
	f, err := os.CreateTemp(dir, ".edged-doctor-*")
	if err != nil {
		return 0, err
	}
	defer os.Remove(f.Name())
	defer f.Close()
	page := make([]byte, 4096)
	times := make([]time.Duration, 21)
	for i := range times {
		start := time.Now()
		if _, err := f.Write(page); err != nil {
			return 0, err
		}
		if err := f.Sync(); err != nil {
			return 0, err
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}

func readNumber(path string) (int64, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for len(b) > 0 && (b[len(b)-1] == '\n' || b[len(b)-1] == ' ') {
		b = b[:len(b)-1]
	}
	return strconv.ParseInt(string(b), 10, 64)
}

// implausible refuses a time before this software was written, or long after anyone runs it.
func implausible(now time.Time) (verdict, bool) {
	if y := now.Year(); y < 2026 || y > 2200 {
		return verdict{"clock", stateFail, "it says " + now.UTC().Format(time.RFC3339), "set the clock; a time service such as chrony keeps it right"}, true
	}
	return verdict{}, false
}
