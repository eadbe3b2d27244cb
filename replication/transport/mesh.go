package transport

import (
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"fmt"
	"strings"
)

// secretBytesMin is the least length of a mesh secret.
const secretBytesMin = 32

// Keys are what a mesh secret stands for.
type Keys struct {
	Mesh   string             // the mesh id
	CA     ed25519.PrivateKey // signs the leaves
	Gossip []byte             // 32 bytes, for AES-256
}

// Derive makes a mesh's keys from its secret: the same ones on every node.
func Derive(secret []byte) (Keys, error) {
	if len(secret) < secretBytesMin {
		return Keys{}, fmt.Errorf("transport: a mesh secret of %d bytes; at least %d are needed: `edged mesh secret` makes one", len(secret), secretBytesMin)
	}
	seed, err := hkdf.Key(sha256.New, secret, nil, "edged mesh ca 1", ed25519.SeedSize)
	if err != nil {
		return Keys{}, fmt.Errorf("transport: mesh authority: %w", err)
	}
	gossip, err := hkdf.Key(sha256.New, secret, nil, "edged mesh gossip 1", 32)
	if err != nil {
		return Keys{}, fmt.Errorf("transport: gossip key: %w", err)
	}
	ca := ed25519.NewKeyFromSeed(seed)
	mesh, err := keyID(ca.Public())
	return Keys{Mesh: mesh, CA: ca, Gossip: gossip}, err
}

// keyID names a node or a mesh by its public key: the first 26 characters of
// base32(SHA-256(public key info)), in lower case.
func keyID(public any) (string, error) {
	info, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return "", fmt.Errorf("transport: public key: %w", err)
	}
	sum := sha256.Sum256(info)
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26]), nil
}
