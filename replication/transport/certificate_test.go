package transport

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"net/url"
	"testing"
	"time"
)

func TestDeriveIsFrozen(t *testing.T) {
	keys, err := Derive(secretOf("a"))
	if err != nil {
		t.Fatal(err)
	}
	again, _ := Derive(secretOf("a"))
	other, _ := Derive(secretOf("b"))
	if keys.Mesh != again.Mesh || keys.Mesh == other.Mesh || bytes.Equal(keys.Gossip, other.Gossip) {
		t.Errorf("meshes %s, %s, %s", keys.Mesh, again.Mesh, other.Mesh)
	}
	if keys.Mesh != "o4z72nikurbiwswk6pkjg5a24w" || len(keys.Gossip) != 32 {
		t.Errorf("mesh %q, gossip key of %d bytes", keys.Mesh, len(keys.Gossip))
	}
	if _, err := Derive(make([]byte, 31)); err == nil {
		t.Error("took a short secret")
	}
}

func TestVerifyTakesOneNameOnly(t *testing.T) {
	keys, err := Derive(secretOf("a"))
	if err != nil {
		t.Fatal(err)
	}
	_, key, _ := ed25519.GenerateKey(nil)
	a, err := newAuthority(keys, key, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	node, _ := keyID(key.Public())
	own, _ := url.Parse(a.uri(node))
	foreign, _ := url.Parse("spiffe://" + keys.Mesh + "/node/aaaaaaaaaaaaaaaaaaaaaaaaaa")
	for _, c := range []struct {
		name string
		leaf x509.Certificate
		ok   bool
	}{
		{"its own", x509.Certificate{URIs: []*url.URL{own}}, true},
		{"none", x509.Certificate{}, false},
		{"another's", x509.Certificate{URIs: []*url.URL{foreign}}, false},
		{"two", x509.Certificate{URIs: []*url.URL{own, foreign}}, false},
		{"a host beside it", x509.Certificate{URIs: []*url.URL{own}, DNSNames: []string{"host"}}, false},
	} {
		c.leaf.NotBefore, c.leaf.NotAfter = time.Now().Add(-day), time.Now().Add(day)
		der, err := x509.CreateCertificate(rand.Reader, &c.leaf, a.root, key.Public(), keys.CA)
		if err != nil {
			t.Fatal(err)
		}
		leaf, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := a.verify([]*x509.Certificate{leaf}); (err == nil) != c.ok || c.ok && got != node {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
	if _, err := a.verify(nil); err == nil {
		t.Error("took a peer without a certificate")
	}
}

func TestLeafIsSignedAnew(t *testing.T) {
	keys, err := Derive(secretOf("a"))
	if err != nil {
		t.Fatal(err)
	}
	_, key, _ := ed25519.GenerateKey(nil)
	now := time.Unix(1e9, 0)
	a, err := newAuthority(keys, key, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	first, _ := a.certificate()
	now = now.Add(leafRenew - 1)
	if same, _ := a.certificate(); same != first {
		t.Error("signed anew too early")
	}
	now = now.Add(1)
	if next, _ := a.certificate(); next == first {
		t.Error("not signed anew")
	}
}

func TestWindowsStayInTheirBudget(t *testing.T) {
	const budget = 128 << 20
	sum := uint64(0)
	for open := range 1000 {
		lane := laneWindow(budget, open)
		if lane < laneWindowMin || lane > laneWindowMax {
			t.Fatalf("window of %d bytes at %d", lane, open)
		}
		if lane > laneWindowMin {
			sum += lane * (lanes + 1)
		}
	}
	if sum > budget {
		t.Errorf("%d bytes promised of %d", sum, budget)
	}
}
