package storage

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base32"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// identity is who the node is: a key that lives in the data directory, in a file of one line,
// the 64 hexadecimal digits of an Ed25519 seed.
type identity struct {
	key   ed25519.PrivateKey
	node  string // the hash of the public key, see nodeID
	inode uint64 // of the file: a copied directory has another
}

// nodeID is the first 26 characters of base32(SHA-256(public key info)), in lower case.
func nodeID(key ed25519.PublicKey) (string, error) {
	info, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return "", fmt.Errorf("storage: node id: %w", err)
	}
	sum := sha256.Sum256(info)
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26]), nil
}

// openIdentity reads the directory's key, or makes one.
func openIdentity(fs vfs.FS, dir string, inode func(string) (uint64, error)) (identity, error) {
	path := fs.PathJoin(dir, "identity")
	seed, err := readSeed(fs, path)
	if isNotExist(err) {
		seed, err = makeSeed(fs, dir, path)
	}
	if err != nil {
		return identity{}, err
	}
	id := identity{key: ed25519.NewKeyFromSeed(seed)}
	if id.node, err = nodeID(id.key.Public().(ed25519.PublicKey)); err != nil {
		return identity{}, err
	}
	if id.inode, err = inode(path); err != nil {
		return identity{}, fmt.Errorf("storage: %s: %w", path, err)
	}
	return id, nil
}

func readSeed(fs vfs.FS, path string) ([]byte, error) {
	f, err := fs.Open(path)
	if err != nil {
		return nil, fmt.Errorf("storage: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return nil, fmt.Errorf("storage: %s: %w", path, err)
	}
	seed, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(seed) != ed25519.SeedSize {
		return nil, fmt.Errorf("storage: %s is damaged: restore it, or remove it to start as a new node", path)
	}
	return seed, nil
}

// makeSeed puts a new key into the directory, whole or not at all.
func makeSeed(fs vfs.FS, dir, path string) ([]byte, error) {
	seed := make([]byte, ed25519.SeedSize)
	if _, err := rand.Read(seed); err != nil {
		return nil, fmt.Errorf("storage: new identity: %w", err)
	}
	if err := writeFile(fs, dir, path, []byte(hex.EncodeToString(seed)+"\n")); err != nil {
		return nil, fmt.Errorf("storage: new identity: %w", err)
	}
	return seed, nil
}

// writeFile makes a file that only its owner can read. It appears complete, after a crash too.
func writeFile(fs vfs.FS, dir, path string, content []byte) error {
	f, err := fs.Create(path+".new", vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	err = errors.Join(private(f), write(f, content), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := fs.Rename(path+".new", path); err != nil {
		return err
	}
	return syncDir(fs, dir)
}

func write(f vfs.File, content []byte) error {
	_, err := f.Write(content)
	return err
}

func syncDir(fs vfs.FS, dir string) error {
	d, err := fs.OpenDir(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
