package node

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// certificate writes one that is its own authority, for 127.0.0.1.
func certificate(t *testing.T) (certFile, keyFile string, pool *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name, kind string, bytes []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: bytes}), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	pool = x509.NewCertPool()
	pool.AppendCertsFromPEM(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return write("cert.pem", "CERTIFICATE", der), write("key.pem", "PRIVATE KEY", private), pool
}

func TestTheDoorSpeaksHTTP2(t *testing.T) {
	certFile, keyFile, pool := certificate(t)
	plain := new(http.Protocols)
	plain.SetUnencryptedHTTP2(true)
	cases := []struct {
		name      string
		change    func(*Config)
		transport *http.Transport
		scheme    string
	}{
		{"over TLS", func(c *Config) { c.CertFile, c.KeyFile = certFile, keyFile },
			&http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, ForceAttemptHTTP2: true}, "https://"},
		{"in the clear on loopback", nil, &http.Transport{Protocols: plain}, "http://"},
	}
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			r := start(t, t.TempDir(), tc.change)
			defer tc.transport.CloseIdleConnections()
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.node.URL()+"/v1/version", nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := tc.transport.RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			if resp.ProtoMajor != 2 || resp.StatusCode != http.StatusOK || !strings.HasPrefix(r.node.URL(), tc.scheme) {
				t.Errorf("%s %d from %s", resp.Proto, resp.StatusCode, r.node.URL())
			}
		})
	}
}

func TestABadCertificateGivesTheDirectoryBack(t *testing.T) {
	dir := t.TempDir()
	_, err := Open(Config{Data: dir, Listen: "127.0.0.1:0", CertFile: "/nowhere", KeyFile: "/nowhere"})
	if err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Fatalf("got %v", err)
	}
	start(t, dir, nil)
}

func TestTooManyConnectionsAreClosed(t *testing.T) {
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &bounded{Listener: l, most: 2, log: slog.New(slog.DiscardHandler)}
	defer b.Close()
	accepted := make(chan net.Conn, 8)
	go func() {
		defer close(accepted)
		for {
			c, err := b.Accept()
			if err != nil {
				return
			}
			accepted <- c
		}
	}()
	dial := func() net.Conn {
		c, err := new(net.Dialer).DialContext(t.Context(), "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	first, second, third := dial(), dial(), dial()
	defer second.Close()
	a := <-accepted
	<-accepted
	if _, err := third.Read(make([]byte, 1)); err == nil {
		t.Errorf("the third connection was kept: %v", err)
	}
	third.Close()
	first.Close()
	a.Close()
	a.Close() // counted once
	fourth := dial()
	defer fourth.Close()
	<-accepted
	if open, refused := b.open.Load(), b.refused.Load(); open != 2 || refused != 1 {
		t.Errorf("%d open, %d refused", open, refused)
	}
}

func TestAForeignHostIsRefusedOnLoopback(t *testing.T) {
	r := start(t, t.TempDir(), nil)
	for host, want := range map[string]int{"": http.StatusOK, "localhost": http.StatusOK, "evil.example": http.StatusForbidden} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, r.node.URL()+"/v1/version", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Host = host
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if err := answer.Body.Close(); err != nil {
			t.Error(err)
		}
		if answer.StatusCode != want {
			t.Errorf("Host %q: %d, want %d", host, answer.StatusCode, want)
		}
	}
}
