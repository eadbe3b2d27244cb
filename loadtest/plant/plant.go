// Package plant puts a bug into the product's source for one build: old text replaced by new, told
// to the go command as an overlay. Old text that does not stand exactly once is an error, so that
// plants do not wither unseen.
package plant

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Plant is one bug.
type Plant struct {
	Name     string
	File     string // from the module's root
	Old, New string
}

// Overlay writes the changed source into dir, and the file for the go command's -overlay, of which
// it gives the path.
func (p Plant) Overlay(dir string) (string, error) {
	source, err := filepath.Abs(p.File)
	if err != nil {
		return "", fmt.Errorf("plant: %w", err)
	}
	text, err := os.ReadFile(source)
	if err != nil {
		return "", fmt.Errorf("plant: %w", err)
	}
	if n := strings.Count(string(text), p.Old); n != 1 {
		return "", fmt.Errorf("plant: the old text of %s stands %d times in %s; mend the plant", p.Name, n, p.File)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", fmt.Errorf("plant: %w", err)
	}
	changed := filepath.Join(dir, filepath.Base(p.File))
	planted := strings.Replace(string(text), p.Old, p.New, 1)
	if err := os.WriteFile(changed, []byte(planted), 0o644); err != nil {
		return "", fmt.Errorf("plant: %w", err)
	}
	list, err := json.Marshal(map[string]map[string]string{"Replace": {source: changed}})
	if err != nil {
		return "", fmt.Errorf("plant: %w", err)
	}
	path := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(path, list, 0o644); err != nil {
		return "", fmt.Errorf("plant: %w", err)
	}
	return path, nil
}
