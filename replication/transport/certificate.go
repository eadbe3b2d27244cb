package transport

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net/url"
	"runtime/debug"
	"sync"
	"time"
)

const (
	day        = 24 * time.Hour
	leafLife   = 365 * day
	leafRenew  = 30 * day
	leafBefore = day // a peer's clock may be behind ours by as much
)

// authority signs this node's leaf with the mesh's key, and verifies the peers'.
type authority struct {
	keys  Keys
	key   ed25519.PrivateKey // the node's
	now   func() time.Time
	root  *x509.Certificate
	roots *x509.CertPool

	mu     sync.Mutex
	leaf   *tls.Certificate
	signed time.Time
}

func newAuthority(keys Keys, key ed25519.PrivateKey, now func() time.Time) (*authority, error) {
	// Every node makes this certificate for itself, so nothing in it may depend on the node.
	root := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "edged mesh " + keys.Mesh},
		NotBefore:             time.Unix(0, 0),
		NotAfter:              time.Date(9999, 12, 31, 0, 0, 0, 0, time.UTC),
		KeyUsage:              x509.KeyUsageCertSign,
		IsCA:                  true,
		BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, root, root, keys.CA.Public(), keys.CA)
	if err != nil {
		return nil, fmt.Errorf("transport: mesh authority: %w", err)
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		return nil, fmt.Errorf("transport: mesh authority: %w", err)
	}
	a := &authority{keys: keys, key: key, now: now, root: root, roots: x509.NewCertPool()}
	a.roots.AddCert(root)
	_, err = a.certificate()
	return a, err
}

// certificate is the node's leaf, signed anew when it is 30 days old.
func (a *authority) certificate() (*tls.Certificate, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.time()
	if a.leaf != nil && now.Sub(a.signed) < leafRenew {
		return a.leaf, nil
	}
	leaf, err := a.sign(now)
	if err != nil {
		return nil, err
	}
	a.leaf, a.signed = leaf, now
	return leaf, nil
}

func (a *authority) sign(now time.Time) (*tls.Certificate, error) {
	node, err := keyID(a.key.Public())
	if err != nil {
		return nil, err
	}
	uri, err := url.Parse(a.uri(node))
	if err != nil {
		return nil, fmt.Errorf("transport: leaf: %w", err)
	}
	leaf := &x509.Certificate{ // the serial number is drawn at random
		Subject:     pkix.Name{CommonName: "edged node " + node},
		NotBefore:   now.Add(-leafBefore),
		NotAfter:    now.Add(leafLife),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		URIs:        []*url.URL{uri},
	}
	der, err := x509.CreateCertificate(rand.Reader, leaf, a.root, a.key.Public(), a.keys.CA)
	if err != nil {
		return nil, fmt.Errorf("transport: leaf: %w", err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: a.key}, nil
}

func (a *authority) uri(node string) string {
	return "spiffe://" + a.keys.Mesh + "/node/" + node
}

// verify tells whose certificate it is, or why it is not a member's.
func (a *authority) verify(chain []*x509.Certificate) (node string, err error) {
	if len(chain) == 0 {
		return "", errors.New("transport: peer has no certificate")
	}
	leaf := chain[0]
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots:       a.roots,
		CurrentTime: a.time(),
		KeyUsages:   []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return "", fmt.Errorf("transport: peer's certificate: %w", err)
	}
	if node, err = keyID(leaf.PublicKey); err != nil {
		return "", err
	}
	names := len(leaf.DNSNames) + len(leaf.EmailAddresses) + len(leaf.IPAddresses)
	if len(leaf.URIs) != 1 || names != 0 || leaf.URIs[0].String() != a.uri(node) {
		return "", fmt.Errorf("transport: peer's certificate must name %s and nothing else", a.uri(node))
	}
	return node, nil
}

// time for certificates never lies before the build: a machine without a clock starts in 1970.
func (a *authority) time() time.Time {
	now := a.now()
	if built := buildTime(); built.After(now) {
		return built
	}
	return now
}

// buildTime is the time of the commit that the binary was built from; zero when it is not known.
func buildTime() (built time.Time) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return built
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			built, _ = time.Parse(time.RFC3339, s.Value) // zero when it is not a time
		}
	}
	return built
}

// config is TLS 1.3, both sides with a certificate. Names of hosts mean nothing here, so the
// standard check is off and verify stands in its place.
func (a *authority) config() *tls.Config {
	return &tls.Config{
		MinVersion:             tls.VersionTLS13,
		NextProtos:             []string{"edged/1"},
		ClientAuth:             tls.RequestClientCert, // that there is one is for verify, whose reason is logged
		InsecureSkipVerify:     true,
		SessionTicketsDisabled: true,
		GetCertificate:         func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return a.certificate() },
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return a.certificate()
		},
		VerifyConnection: func(s tls.ConnectionState) error {
			_, err := a.verify(s.PeerCertificates)
			return err
		},
	}
}
