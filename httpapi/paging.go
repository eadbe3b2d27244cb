package httpapi

import (
	"encoding/base64"
	"net/url"
	"strconv"

	"github.com/edgedhq/edged"
)

// pageOf gives what a page shows of what was found, of which there is one more than the limit when
// another page follows, and that page.
func pageOf[I, V any](found []I, limit int, show func(*I) V, name func(*I) string) (views []V, next string) {
	views = make([]V, 0, min(limit, len(found)))
	for i := range found[:min(limit, len(found))] {
		views = append(views, show(&found[i]))
	}
	if len(found) > limit {
		next = pageAfter(name(&found[limit-1]))
	}
	return views, next
}

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
