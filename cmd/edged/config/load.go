package config

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/edgedhq/edged"
)

// Sources are where settings may come from.
type Sources struct {
	File    string              // a path; empty: no file
	Environ []string            // as os.Environ gives it
	Flags   map[string][]string // the flags that were given, by name
	Host    string              // the host's name, the default of node.name
}

// Value is a setting with what it is set to, and where that was said.
type Value struct {
	Setting
	Texts []string // one, but for a List
	From  string   // "default", "edged.yaml:12", "EDGED_HTTP__LISTEN" or "--http"
}

// String gives the value as one text.
func (v Value) String() string { return strings.Join(v.Texts, ",") }

// Config is every setting's value, checked.
type Config struct {
	values map[string]Value
	secret []byte // of the mesh
}

// Load reads all sources. What is wrong is returned together, an error a line.
func Load(src Sources) (*Config, error) {
	c := &Config{values: make(map[string]Value, len(settings))}
	for _, s := range settings {
		v := Value{Setting: s, From: "default"}
		if s.Key == "node.name" {
			s.Default = hostLabel(src.Host)
		}
		if s.Kind != List {
			v.Texts = []string{s.Default}
		}
		c.values[s.Key] = v
	}
	given, errs := readFile(src.File)
	fromEnv, more := readEnviron(src.Environ)
	given, errs = append(given, fromEnv...), append(errs, more...)
	for _, s := range settings {
		if texts, ok := src.Flags[s.Flag]; ok && s.Flag != "" {
			given = append(given, Value{Setting: s, Texts: texts, From: "--" + s.Flag})
		}
	}
	for _, v := range given {
		if err := v.verify(); err != nil {
			errs = append(errs, err)
			continue
		}
		c.values[v.Key] = v
	}
	errs = append(errs, c.together()...)
	return c, errors.Join(errs...)
}

func (v *Value) verify() error {
	for _, text := range v.Texts {
		if err := v.Setting.verify(text); err != nil {
			return fmt.Errorf("%s: %s: %w", v.From, v.Key, err)
		}
	}
	return nil
}

// together checks what one value alone cannot tell.
func (c *Config) together() []error {
	var errs []error
	cert, key := c.values["http.tls.cert"], c.values["http.tls.key"]
	if (cert.String() == "") != (key.String() == "") {
		errs = append(errs, errors.New("http.tls: want both cert and key, or neither"))
	}
	if c.Text("node.data") == "" {
		errs = append(errs, errors.New("node.data: want a directory"))
	}
	return append(errs, c.mesh()...)
}

// hostLabel makes a node's name of a host's: the first label, in the letters that names have.
func hostLabel(host string) string {
	label, _, _ := strings.Cut(strings.ToLower(host), ".")
	label = strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '_' {
			return r
		}
		return -1
	}, label)
	label = strings.TrimLeft(label, "-_")
	if label == "" {
		return "node"
	}
	return label[:min(len(label), 63)]
}

// readEnviron takes what begins with EDGED_ and has the __ of a path. Others are not ours to
// judge: orchestrators set such names by themselves (EDGED_SERVICE_HOST).
func readEnviron(environ []string) (given []Value, errs []error) {
	for _, entry := range environ {
		name, text, _ := strings.Cut(entry, "=")
		path, ours := strings.CutPrefix(name, "EDGED_")
		if !ours || !strings.Contains(path, "__") || text == "" {
			continue
		}
		key := strings.ToLower(strings.ReplaceAll(path, "__", "."))
		s, known := find(key)
		if !known {
			if s, known = find(strings.TrimSuffix(key, "_file")); known {
				content, err := os.ReadFile(text)
				if err != nil {
					errs = append(errs, fmt.Errorf("%s: %w", name, err))
					continue
				}
				text = strings.TrimRight(string(content), "\r\n")
			}
		}
		if !known {
			errs = append(errs, fmt.Errorf("%s: unknown setting%s", name, nearestVariable(key).Ask()))
			continue
		}
		given = append(given, Value{Setting: s, Texts: split(s, text), From: name})
	}
	return given, errs
}

func nearestVariable(key string) Suggestion {
	near := Nearest(key, keys())
	if near == "" {
		return ""
	}
	return "EDGED_" + Suggestion(strings.ToUpper(strings.ReplaceAll(string(near), ".", "__")))
}

// split takes a list apart at its commas.
func split(s Setting, text string) []string {
	if s.Kind != List {
		return []string{text}
	}
	var out []string
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// Values gives every setting in the table's order.
func (c *Config) Values() []Value {
	out := make([]Value, len(settings))
	for i, s := range settings {
		out[i] = c.values[s.Key]
	}
	return out
}

// Text gives a text.
func (c *Config) Text(key string) string { return c.value(key).String() }

// List gives a list.
func (c *Config) List(key string) []string { return c.value(key).Texts }

// Size gives a number of bytes.
func (c *Config) Size(key string) int64 {
	n, _ := ParseSize(c.Text(key))
	return n
}

// Duration gives a duration.
func (c *Config) Duration(key string) time.Duration {
	d, _ := time.ParseDuration(c.Text(key))
	return d
}

// Bool gives a truth.
func (c *Config) Bool(key string) bool { return c.Text(key) == "true" }

// Count gives a whole number.
func (c *Config) Count(key string) int {
	n, _ := strconv.Atoi(c.Text(key))
	return n
}

// Ack gives an ack level.
func (c *Config) Ack(key string) edged.Ack {
	a, _ := edged.ParseAck(c.Text(key))
	return a
}

func (c *Config) value(key string) Value {
	v, ok := c.values[key]
	if !ok {
		panic("config: no setting " + key)
	}
	return v
}
