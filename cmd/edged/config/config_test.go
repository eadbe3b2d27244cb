package config

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// write makes a file in a fresh directory and goes there, so that errors name it shortly.
func write(t *testing.T, name, content string) string {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestPrecedence(t *testing.T) {
	file := write(t, "edged.yaml", "http:\n  listen: 127.0.0.1:1\nnode:\n  region: file\n")
	env := []string{"EDGED_HTTP__LISTEN=127.0.0.1:2", "EDGED_STREAMS__AUTO_CREATE=false", "PATH=/bin"}
	flags := map[string][]string{"http": {"127.0.0.1:3"}}
	cases := []struct {
		name       string
		src        Sources
		want, from string
	}{
		{"nothing", Sources{}, "127.0.0.1:8080", "default"},
		{"file", Sources{File: file}, "127.0.0.1:1", "edged.yaml:2"},
		{"file and environment", Sources{File: file, Environ: env}, "127.0.0.1:2", "EDGED_HTTP__LISTEN"},
		{"environment", Sources{Environ: env}, "127.0.0.1:2", "EDGED_HTTP__LISTEN"},
		{"file and flag", Sources{File: file, Flags: flags}, "127.0.0.1:3", "--http"},
		{"all", Sources{File: file, Environ: env, Flags: flags}, "127.0.0.1:3", "--http"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			c, err := Load(tc.src)
			if err != nil {
				t.Fatal(err)
			}
			if got := c.value("http.listen"); got.String() != tc.want || got.From != tc.from {
				t.Errorf("got %s from %s, want %s from %s", got, got.From, tc.want, tc.from)
			}
			wantRegion := "local"
			if tc.src.File != "" {
				wantRegion = "file"
			}
			if got := c.Text("node.region"); got != wantRegion {
				t.Errorf("region %s, want %s", got, wantRegion)
			}
			if got, want := c.Bool("streams.auto_create"), tc.src.Environ == nil; got != want {
				t.Errorf("auto_create %v, want %v", got, want)
			}
		})
	}
}

func TestMistakesNameTheirPlace(t *testing.T) {
	cases := []struct {
		name, file string
		env        []string
		flags      map[string][]string
		want       string
	}{
		{name: "unknown key", file: "node:\n  name: a\nhttp:\n  lisen: x\n",
			want: "edged.yaml:4: unknown key http.lisen; did you mean http.listen?"},
		{name: "unknown section", file: "stroage:\n  min_free: 1\n",
			want: "edged.yaml:1: unknown key stroage; did you mean storage?"},
		{name: "key of another section", file: "retention: 3h\n",
			want: "edged.yaml:1: unknown key retention"},
		{name: "nothing near", file: "zebra: 1\n", want: "edged.yaml:1: unknown key zebra"},
		{name: "twice", file: "log:\n  level: info\n  level: warn\n",
			want: "edged.yaml:3: log.level is set twice, here and on line 2"},
		{name: "a section as a value", file: "http: 80\n", want: "edged.yaml:1: the file: http: want keys and values"},
		{name: "a list as a value", file: "http:\n  listen: [a]\n", want: "edged.yaml:2: http.listen: want one value"},
		{name: "not YAML", file: "a: [\n", want: "edged.yaml: yaml: line 1: did not find expected node content"},
		{name: "two documents", file: "log: {}\n---\nlog: {}\n", want: "edged.yaml: want one document, without a second after ---"},
		{name: "bad size", file: "storage: {min_free: lots}\n",
			want: `edged.yaml:1: storage.min_free: "lots" is not a size; want bytes, or a number with KiB, MiB, GiB or TiB`},
		{name: "bad duration", env: []string{"EDGED_LIMITS__WAIT=5"},
			want: `EDGED_LIMITS__WAIT: limits.wait: "5" is not a duration; want a number with ms, s, m or h, such as 24h`},
		{name: "bad truth", flags: map[string][]string{"auto-create": {"yes"}},
			want: `--auto-create: streams.auto_create: "yes" is neither true nor false`},
		{name: "bad word", flags: map[string][]string{"log-level": {"debg"}},
			want: `--log-level: log.level: "debg": want debug, info, warn, error; did you mean debug?`},
		{name: "bad address", flags: map[string][]string{"http": {"8080"}},
			want: `--http: http.listen: "8080" is not an address; want HOST:PORT, such as 127.0.0.1:8080`},
		{name: "bad name", flags: map[string][]string{"name": {"EU 1"}},
			want: `--name: node.name: "EU 1": want 1 to 128 of a-z, 0-9, '.', '_' and '-', the first a letter or digit`},
		{name: "unknown variable", env: []string{"EDGED_HTTP__LISTN=x", "EDGED_SERVICE_HOST=10.0.0.1"},
			want: "EDGED_HTTP__LISTN: unknown setting; did you mean EDGED_HTTP__LISTEN?"},
		{name: "bad join", flags: map[string][]string{"join": {"a:1", "b"}},
			want: `--join: mesh.join: "b" is not an address; want HOST:PORT, such as 127.0.0.1:7946`},
		{name: "bad mesh address", flags: map[string][]string{"mesh": {"7946"}},
			want: `--mesh: mesh.listen: "7946" is not an address; want HOST:PORT, such as 127.0.0.1:7946`},
		{name: "no name", flags: map[string][]string{"name": {""}},
			want: `--name: node.name: "": want 1 to 128 of a-z, 0-9, '.', '_' and '-', the first a letter or digit`},
		{name: "no region", file: "node: {region: ''}\n",
			want: `edged.yaml:1: node.region: "": want 1 to 128 of a-z, 0-9, '.', '_' and '-', the first a letter or digit`},
		{name: "half of TLS", flags: map[string][]string{"tls-cert": {"a"}},
			want: "http.tls: want both cert and key, or neither"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			src := Sources{Environ: tc.env, Flags: tc.flags}
			if tc.file != "" {
				src.File = write(t, "edged.yaml", tc.file)
			}
			_, err := Load(src)
			if err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestAllMistakesAtOnce(t *testing.T) {
	_, err := Load(Sources{Environ: []string{"EDGED_LOG__LEVEL=x", "EDGED_LOG__FORMAT=y"}})
	if n := strings.Count(err.Error(), "\n"); n != 1 {
		t.Errorf("want two lines, got %v", err)
	}
}

func TestLists(t *testing.T) {
	file := write(t, "edged.yaml", "http:\n  cors:\n    - https://a\n    - https://b\n")
	cases := []struct {
		name string
		src  Sources
		want []string
	}{
		{"none", Sources{}, nil},
		{"file", Sources{File: file}, []string{"https://a", "https://b"}},
		{"environment", Sources{Environ: []string{"EDGED_HTTP__CORS=https://c, https://d"}}, []string{"https://c", "https://d"}},
		{"flags", Sources{File: file, Flags: map[string][]string{"cors": {"*"}}}, []string{"*"}},
	}
	for _, tc := range cases {
		c, err := Load(tc.src)
		if err != nil || !slices.Equal(c.List("http.cors"), tc.want) {
			t.Errorf("%s: got %q, %v; want %q", tc.name, c.List("http.cors"), err, tc.want)
		}
	}
}

func TestValueFromAFile(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "name")
	if err := os.WriteFile(secret, []byte("eu-1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Load(Sources{Environ: []string{"EDGED_NODE__NAME_FILE=" + secret}})
	if err != nil || c.Text("node.name") != "eu-1" {
		t.Errorf("got %q, %v", c.Text("node.name"), err)
	}
	if _, err = Load(Sources{Environ: []string{"EDGED_NODE__NAME_FILE=/nowhere"}}); err == nil {
		t.Error("a file that is not there was read")
	}
}

func TestEmptyAndNullLeaveTheDefault(t *testing.T) {
	file := write(t, "edged.yaml", "# nothing yet\nhttp:\nlog:\n  level:\n")
	c, err := Load(Sources{File: file, Environ: []string{"EDGED_HTTP__LISTEN="}, Host: "Büro-7.example.org"})
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"log.level": "info", "http.listen": "127.0.0.1:8080", "node.name": "bro-7"} {
		if got := c.value(key); got.String() != want || got.From != "default" {
			t.Errorf("%s: got %s from %s", key, got, got.From)
		}
	}
	if c.Duration("limits.wait") != time.Minute || c.Size("limits.event_bytes") != 1<<20 || c.Count("limits.batch_events") != 10_000 {
		t.Error("a default does not read as its kind")
	}
	if _, err := Load(Sources{File: write(t, "empty.yaml", "")}); err != nil {
		t.Error(err)
	}
}

func TestParseSize(t *testing.T) {
	cases := map[string]int64{"0": 0, "1024": 1024, "64MiB": 64 << 20, "1.5 GiB": 3 << 29, "10MB": 10_000_000, "7B": 7, "2kB": 2000}
	for text, want := range cases {
		if got, err := ParseSize(text); err != nil || got != want {
			t.Errorf("%s: got %d, %v; want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "-1", "MiB", "1PiB", "9999999TiB", "NaN", "Inf"} {
		if got, err := ParseSize(text); err == nil {
			t.Errorf("%s: got %d, want an error", text, got)
		}
	}
}

func FuzzFile(f *testing.F) {
	f.Add([]byte("http:\n  listen: 127.0.0.1:1\n  cors: [a, b]\n"))
	f.Add([]byte("a: &a [*a]\n"))
	f.Fuzz(func(_ *testing.T, in []byte) {
		if len(in) <= 4<<10 { // larger files are the operator's own
			parseFile("f", in)
		}
	})
}
