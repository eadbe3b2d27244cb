package httpapi

import (
	"encoding/base64"
	"net/url"
	"strconv"

	"github.com/edgedhq/edged"
)

// pageAfter is the page that begins after a name or a key.
func pageAfter(name string) string { return base64.RawURLEncoding.EncodeToString([]byte(name)) }

// pageParams reads limit and page: the name or key after which a page begins, held to a check.
func pageParams(q url.Values, check func(location, name string) error) (after string, limit int, err error) {
	const limitDefault, limitMax = 100, 1000
	limit = limitDefault
	if text := q.Get("limit"); q.Has("limit") {
		if limit, err = strconv.Atoi(text); err != nil || limit < 1 || limit > limitMax {
			return "", 0, edged.RefuseField(edged.Invalid, "query.limit", cut(text, 40), "want a number from 1 to %d", limitMax)
		}
	}
	name, err := base64.RawURLEncoding.DecodeString(q.Get("page"))
	if err == nil && len(name) > 0 {
		err = check("query.page", string(name))
	}
	if err != nil {
		return "", 0, edged.RefuseField(edged.Invalid, "query.page", cut(q.Get("page"), 40), "pass on next exactly as a node gave it")
	}
	return string(name), limit, nil
}
