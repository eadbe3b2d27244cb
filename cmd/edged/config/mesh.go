package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
)

// secretBytesMin is the shortest mesh secret, and secretBytesMax the longest file taken for one.
const (
	secretBytesMin = 32
	secretBytesMax = 4 << 10
)

// makeSecret is what to do without a secret.
const makeSecret = "make one with `edged mesh secret > mesh.secret`, give every node the same file, and name it with --mesh-secret-file mesh.secret"

// MeshSecret gives the secret that makes nodes one mesh; nil when the node is alone.
func (c *Config) MeshSecret() []byte { return c.secret }

// mesh reads the secret, and refuses what is not safe without one.
func (c *Config) mesh() []error {
	file, listen, join := c.value("mesh.secret_file"), c.value("mesh.listen"), c.value("mesh.join")
	if path := file.String(); path != "" {
		secret, err := readSecret(path)
		if err != nil {
			return []error{fmt.Errorf("%s: mesh.secret_file: %w", file.From, err)}
		}
		c.secret = secret
		return nil
	}
	var errs []error
	if len(join.Texts) > 0 {
		errs = append(errs, fmt.Errorf("%s: mesh.join: a node joins by a secret; %s", join.From, makeSecret))
	}
	if !loopback(listen.String()) {
		errs = append(errs, fmt.Errorf("%s: mesh.listen: others can reach %s, so it wants a secret; %s", listen.From, listen, makeSecret))
	}
	if c.Ack("streams.defaults.ack").BeyondNode() {
		ack := c.value("streams.defaults.ack")
		errs = append(errs, fmt.Errorf("%s: streams.defaults.ack: %s needs other nodes, and a node without a mesh secret is alone; want disk", ack.From, ack))
	}
	return errs
}

// readSecret reads a file, without the space around what it holds.
func readSecret(path string) ([]byte, error) {
	f, err := os.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w; %s", err, makeSecret)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, secretBytesMax+1))
	if err != nil {
		return nil, err
	}
	secret := bytes.TrimSpace(content)
	switch {
	case len(content) > secretBytesMax:
		return nil, fmt.Errorf("%s: longer than 4 KiB, so it is no secret; %s", path, makeSecret)
	case len(secret) < secretBytesMin:
		return nil, fmt.Errorf("%s: want at least %d bytes, not %d; %s", path, secretBytesMin, len(secret), makeSecret)
	}
	return secret, nil
}

// loopback says whether only this machine reaches an address.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
