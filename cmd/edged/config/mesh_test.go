package config

import (
	"strings"
	"testing"
)

func TestMeshWantsASecret(t *testing.T) {
	cases := []struct {
		name, key, value string
		want             string // how the error begins; empty: none
	}{
		{"nothing", "", "", ""},
		{"loopback", "mesh", "127.0.0.1:0", ""},
		{"loopback, version 6", "mesh", "[::1]:7946", ""},
		{"localhost", "mesh", "localhost:7946", ""},
		{"every address", "mesh", ":7946", "--mesh: mesh.listen: others can reach :7946, so it wants a secret; make one with `edged mesh secret"},
		{"an address", "mesh", "10.0.0.1:7946", "--mesh: mesh.listen: others can reach"},
		{"a name", "mesh", "eu-1.example.org:7946", "--mesh: mesh.listen: others can reach"},
		{"join", "join", "127.0.0.1:7946", "--join: mesh.join: a node joins by a secret; make one with `edged mesh secret"},
		{"emulated links", "emulate-links", "true", ""},
		{"no file", "mesh-secret-file", "nowhere", "--mesh-secret-file: mesh.secret_file: open nowhere: no such file or directory; make one with"},
	}
	t.Chdir(t.TempDir())
	for _, tc := range cases {
		_, err := Load(Sources{Flags: map[string][]string{tc.key: {tc.value}}})
		switch {
		case tc.want == "" && err != nil:
			t.Errorf("%s: %v", tc.name, err)
		case tc.want != "" && (err == nil || !strings.HasPrefix(err.Error(), tc.want)):
			t.Errorf("%s: got %v, want %s", tc.name, err, tc.want)
		}
	}
}

func TestDefaultAckBeyondTheNodeWantsAMesh(t *testing.T) {
	ack := "EDGED_STREAMS__DEFAULTS__ACK=regions:2"
	if _, err := Load(Sources{Environ: []string{ack}}); err == nil || !strings.Contains(err.Error(), "streams.defaults.ack: regions:2 needs other nodes") {
		t.Errorf("got %v", err)
	}
	secret := write(t, "mesh.secret", strings.Repeat("s", 32))
	c, err := Load(Sources{Environ: []string{ack, "EDGED_MESH__SECRET_FILE=" + secret}})
	if err != nil || c.Ack("streams.defaults.ack").RegionCount() != 2 {
		t.Errorf("got %v", err)
	}
}

func TestMeshSecret(t *testing.T) {
	long := strings.Repeat("s", secretBytesMin)
	cases := []struct{ name, content, want, says string }{
		{"whole", long, long, ""},
		{"with a line end", long + "\r\n", long, ""},
		{"short", long[1:] + "\n", "", "want at least 32 bytes, not 31; make one"},
		{"empty", "", "", "want at least 32 bytes, not 0; make one"},
		{"no secret", strings.Repeat("s", secretBytesMax+1), "", "longer than 4 KiB"},
	}
	for _, tc := range cases {
		flags := map[string][]string{
			"mesh-secret-file": {write(t, "mesh.secret", tc.content)},
			"mesh":             {":7946"}, "join": {"a:1", "b:2"},
		}
		c, err := Load(Sources{Flags: flags})
		if tc.says != "" {
			if err == nil || !strings.Contains(err.Error(), tc.says) || strings.Contains(err.Error(), "sss") {
				t.Errorf("%s: got %v, want %s", tc.name, err, tc.says)
			}
			continue
		}
		if err != nil || string(c.MeshSecret()) != tc.want || len(c.List("mesh.join")) != 2 {
			t.Errorf("%s: got %q, %v", tc.name, c.MeshSecret(), err)
		}
	}
}
