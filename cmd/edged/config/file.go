package config

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// fileBytesMax bounds a file that is taken for a configuration.
const fileBytesMax = 1 << 20

// readFile gives what a YAML file sets.
func readFile(path string) ([]Value, []error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, []error{fmt.Errorf("configuration file: %w", err)}
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, fileBytesMax+1))
	if err != nil {
		return nil, []error{fmt.Errorf("configuration file: %w", err)}
	}
	if len(content) > fileBytesMax {
		return nil, []error{fmt.Errorf("%s: longer than 1 MiB, so it is no configuration", path)}
	}
	return parseFile(path, content)
}

func parseFile(path string, content []byte) ([]Value, []error) {
	d := yaml.NewDecoder(strings.NewReader(string(content)))
	var doc, second yaml.Node
	if err := d.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, []error{fmt.Errorf("%s: %w", path, err)}
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return nil, []error{fmt.Errorf("%s: want one document, without a second after ---", path)}
	}
	r := fileReader{path: path}
	r.walk("", doc.Content[0])
	return r.given, r.errs
}

// fileReader walks a YAML tree along the paths of settings.
type fileReader struct {
	path  string
	given []Value
	errs  []error
}

func (r *fileReader) fail(n *yaml.Node, format string, args ...any) {
	r.errs = append(r.errs, fmt.Errorf("%s:%d: %s", r.path, n.Line, fmt.Sprintf(format, args...)))
}

func (r *fileReader) walk(prefix string, n *yaml.Node) {
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return
	case n.Kind != yaml.MappingNode:
		r.fail(n, "%s: want keys and values", strings.TrimSuffix("the file: "+prefix, ": "))
		return
	}
	seen := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := n.Content[i], n.Content[i+1]
		key := name.Value
		if prefix != "" {
			key = prefix + "." + key
		}
		if line, twice := seen[key]; twice {
			r.fail(name, "%s is set twice, here and on line %d", key, line)
			continue
		}
		seen[key] = name.Line
		s, known := find(key)
		switch {
		case known:
			r.take(s, value)
		case section(key):
			r.walk(key, value)
		default:
			r.fail(name, "unknown key %s%s", key, nearestKey(prefix, name.Value).Ask())
		}
	}
}

// take reads the value of a setting.
func (r *fileReader) take(s Setting, n *yaml.Node) {
	v := Value{Setting: s, From: fmt.Sprintf("%s:%d", r.path, n.Line)}
	switch {
	case n.Kind == yaml.ScalarNode && n.Tag == "!!null":
		return
	case n.Kind == yaml.ScalarNode:
		v.Texts = split(s, n.Value)
	case n.Kind == yaml.SequenceNode && s.Kind == List:
		for _, item := range n.Content {
			if item.Kind != yaml.ScalarNode {
				r.fail(item, "%s: want a list of texts", s.Key)
				return
			}
			v.Texts = append(v.Texts, item.Value)
		}
	default:
		r.fail(n, "%s: want one value", s.Key)
		return
	}
	r.given = append(r.given, v)
}

// section says whether settings stand below a key.
func section(key string) bool {
	for _, s := range settings {
		if strings.HasPrefix(s.Key, key+".") {
			return true
		}
	}
	return false
}

// nearestKey looks among the keys of the same section first, then among all.
func nearestKey(prefix, name string) Suggestion {
	var siblings []string
	full := name
	if prefix != "" {
		prefix += "."
		full = prefix + name
	}
	for _, s := range settings {
		if rest, ok := strings.CutPrefix(s.Key, prefix); ok {
			head, _, _ := strings.Cut(rest, ".")
			siblings = append(siblings, head)
		}
	}
	if near := Nearest(name, siblings); near != "" {
		return Suggestion(prefix) + near
	}
	return Nearest(full, keys())
}
