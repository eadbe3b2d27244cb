package httpapi

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/edgedhq/edged"
)

// exposition writes samples in Prometheus's text form. A label that users choose has at most
// labelValuesMax values; what is beyond them is summed up as _other.
type exposition struct {
	buf    *bytes.Buffer
	family string
	users  map[string]map[string]bool // label to the values that are shown
	other  []edged.Sample             // of this family
}

const labelValuesMax = 200

// userLabels are the labels whose values users choose.
var userLabels = []string{"stream", "collection", "function"} // read-only

func (m *exposition) add(s *edged.Sample) {
	if family := familyOf(s); family != m.family {
		m.end()
		m.family = family
		m.buf.WriteString("# HELP " + family + " " + escapeHelp(s.Help) + "\n# TYPE " + family + " " + s.Type + "\n")
	}
	if m.crowded(s) {
		m.fold(s)
		return
	}
	m.write(s)
}

// end writes what was summed up in the family.
func (m *exposition) end() {
	for i := range m.other {
		m.write(&m.other[i])
	}
	m.other = m.other[:0]
}

func familyOf(s *edged.Sample) string {
	if s.Type == "histogram" {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			if family, ok := strings.CutSuffix(s.Name, suffix); ok {
				return family
			}
		}
	}
	return s.Name
}

// crowded says whether a sample has a user's label with a value that is one too many.
func (m *exposition) crowded(s *edged.Sample) bool {
	for _, l := range s.Labels {
		if !slices.Contains(userLabels, l[0]) {
			continue
		}
		if m.users == nil {
			m.users = map[string]map[string]bool{}
		}
		shown := m.users[l[0]]
		if shown == nil {
			shown = map[string]bool{}
			m.users[l[0]] = shown
		}
		if !shown[l[1]] && len(shown) >= labelValuesMax {
			return true
		}
		shown[l[1]] = true
	}
	return false
}

func (m *exposition) fold(s *edged.Sample) {
	labels := slices.Clone(s.Labels)
	for i, l := range labels {
		if slices.Contains(userLabels, l[0]) {
			labels[i][1] = "_other"
		}
	}
	for i := range m.other {
		if m.other[i].Name == s.Name && slices.Equal(m.other[i].Labels, labels) {
			m.other[i].Value += s.Value
			return
		}
	}
	m.other = append(m.other, edged.Sample{Name: s.Name, Labels: labels, Value: s.Value})
}

func (m *exposition) write(s *edged.Sample) {
	b := append(m.buf.AvailableBuffer(), s.Name...)
	for i, l := range s.Labels {
		b = append(b, "{,"[min(i, 1)])
		b = append(b, l[0]...)
		b = append(b, `="`...)
		b = append(b, escapeLabel(l[1])...)
		b = append(b, '"')
	}
	if len(s.Labels) > 0 {
		b = append(b, '}')
	}
	b = append(b, ' ')
	if v := s.Value; v == math.Trunc(v) && math.Abs(v) < 1<<53 {
		b = strconv.AppendInt(b, int64(v), 10)
	} else {
		b = strconv.AppendFloat(b, s.Value, 'g', -1, 64)
	}
	m.buf.Write(append(b, '\n'))
}

func escapeLabel(v string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(v)
}

func escapeHelp(v string) string {
	return strings.NewReplacer(`\`, `\\`, "\n", `\n`).Replace(v)
}
