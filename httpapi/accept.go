package httpapi

import (
	"strconv"
	"strings"
)

// The content types of answers.
const (
	typeJSON           = "application/json"
	typeMsgpack        = "application/msgpack"
	typeProblem        = "application/problem+json"
	typeProblemMsgpack = "application/problem+msgpack"
	typeNDJSON         = "application/x-ndjson"
	typeSSE            = "text/event-stream"
	typeHTML           = "text/html; charset=utf-8"
)

// accepts picks the offer that an Accept header likes best: the highest q, and of equals the
// one named first among the offers. No header takes the first offer; "" means that none will do.
func accepts(header string, offers ...string) string {
	if header == "" {
		return offers[0]
	}
	best, bestQ := "", 0.0
	for _, offer := range offers {
		if q := quality(header, offer); q > bestQ {
			best, bestQ = offer, q
		}
	}
	return best
}

// quality is the q that the most specific range of an Accept header gives to an offer.
func quality(header, offer string) float64 {
	offer, _, _ = strings.Cut(offer, ";")
	kind, _, _ := strings.Cut(offer, "/")
	q, rank := 0.0, 0
	for header != "" {
		var item string
		item, header, _ = strings.Cut(header, ",")
		media, params, _ := strings.Cut(item, ";")
		media = strings.TrimSpace(media)
		is := 0
		switch {
		case strings.EqualFold(media, offer):
			is = 3
		case len(media) == len(kind)+2 && strings.HasSuffix(media, "/*") && strings.EqualFold(media[:len(kind)], kind):
			is = 2
		case media == "*/*":
			is = 1
		}
		if is > rank {
			rank, q = is, qualityOf(params)
		}
	}
	return q
}

// qualityOf reads q out of the parameters of a media range; 1 when there is none.
func qualityOf(params string) float64 {
	for params != "" {
		var item string
		item, params, _ = strings.Cut(params, ";")
		name, value, _ := strings.Cut(strings.TrimSpace(item), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil || q < 0 || q > 1 {
			return 0
		}
		return q
	}
	return 1
}
