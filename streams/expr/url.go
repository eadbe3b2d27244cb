package expr

import "strings"

// urlPart takes a part of a URL by name, and of a query the value of a name. What is not there is
// NULL.
func urlPart(r *Row, a []Value) Value {
	part := splitURL(a[0].Text(), strings.ToLower(a[1].Text()))
	if len(a) < 3 || part == "" {
		return present(part)
	}
	if !strings.EqualFold(a[1].Text(), "query") {
		return Value{}
	}
	for part != "" {
		var pair string
		pair, part, _ = strings.Cut(part, "&")
		if name, value, ok := strings.Cut(pair, "="); ok && name == a[2].Text() {
			return r.decoded(value)
		}
	}
	return Value{}
}

// splitURL takes the parts off one after the other, from the outside.
func splitURL(s, want string) string {
	s, fragment, _ := strings.Cut(s, "#")
	s, query, _ := strings.Cut(s, "?")
	scheme, rest, ok := strings.Cut(s, "://")
	if !ok || strings.Contains(scheme, "/") {
		scheme, rest = "", ""
	}
	authority, path := rest, s
	if scheme != "" {
		authority, path = rest, ""
		if i := strings.IndexByte(rest, '/'); i >= 0 {
			authority, path = rest[:i], rest[i:]
		}
	}
	user, host := "", authority
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		user, host = authority[:i], authority[i+1:]
	}
	port := ""
	if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
		host, port = host[:i], host[i+1:]
	}
	switch want {
	case "scheme":
		return scheme
	case "user":
		return user
	case "host":
		return host
	case "port":
		return port
	case "path":
		return path
	case "query":
		return query
	case "fragment":
		return fragment
	}
	return ""
}

// decoded takes %41 for A, and + for a space.
func (r *Row) decoded(s string) Value {
	if !strings.ContainsAny(s, "%+") {
		return OfString(s)
	}
	b := r.Text.open()
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c == '+' {
			c = ' '
		}
		if c == '%' && i+2 < len(s) {
			pair := [4]byte{'0', '0', s[i+1], s[i+2]}
			if code, ok := hex4(pair[:]); ok {
				c = byte(code)
				i += 2
			}
		}
		b = append(b, c)
	}
	return r.made(b)
}
