package edged

import "fmt"

// Kind is the reason of a refusal: one stable word, the same in code, logs, metrics, command
// line and HTTP. It is an error itself, so that errors.Is finds it below any wrapping.
type Kind string

// Error returns the word.
func (k Kind) Error() string { return string(k) }

// The kinds. The list only grows; httpapi maps each to a status and to what it says about
// whether anything was stored.
const (
	BadRequest           Kind = "bad_request"            // cannot be parsed
	BadCursor            Kind = "bad_cursor"             // damaged, or another stream's
	Unauthenticated      Kind = "unauthenticated"        // who are you
	Forbidden            Kind = "forbidden"              // not you, or not from there
	StreamNotFound       Kind = "stream_not_found"       // no such stream
	CollectionNotFound   Kind = "collection_not_found"   // no such collection
	FunctionNotFound     Kind = "function_not_found"     // no such function
	KeyNotFound          Kind = "key_not_found"          // the collection holds nothing under the key
	NotFound             Kind = "not_found"              // no such path
	MethodNotAllowed     Kind = "method_not_allowed"     // the path has other methods
	NotAcceptable        Kind = "not_acceptable"         // no form that Accept allows
	UnsupportedMediaType Kind = "unsupported_media_type" // no reader for the content type or encoding
	Conflict             Kind = "conflict"               // against what is already fixed
	LimitReached         Kind = "limit_reached"          // a bounded counter lacks the rights here
	CursorExpired        Kind = "cursor_expired"         // points before what is retained
	TooLarge             Kind = "too_large"              // past a limit that the answer names
	Invalid              Kind = "invalid"                // parsed, but a value is not allowed
	SQLInvalid           Kind = "sql_invalid"            // the query is refused, in the places that the fields name
	FilterInvalid        Kind = "filter_invalid"         // the filter cannot be used
	IdempotencyMismatch  Kind = "idempotency_mismatch"   // a known id with other data
	Overloaded           Kind = "overloaded"             // no room now; nothing stored
	Starting             Kind = "starting"               // not ready yet
	Draining             Kind = "draining"               // going away
	Unavailable          Kind = "unavailable"            // storage takes no writes
	LevelUnreachable     Kind = "level_unreachable"      // the ack level cannot be reached now
	SealPending          Kind = "seal_pending"           // not all nodes of the roll agree yet where the origin ends
	IdentityConflict     Kind = "identity_conflict"      // two live copies of this node
	AckTimeout           Kind = "ack_timeout"            // stored, or not: unknown
	DiskFull             Kind = "disk_full"              // below the free space that is kept
	Internal             Kind = "internal"               // a fault of ours
)

// Refusal is an error whose text is for the user: what was wrong and what would be right.
type Refusal struct {
	Kind     Kind
	Detail   string  // one or two sentences, without the kind
	Fields   []Field // the single values that are at fault, where they are known
	Limit    int64   // TooLarge: what is allowed
	Size     int64   // TooLarge: what was given, or the least it is
	Earliest string  // CursorExpired: a cursor at the oldest event still held
	Reached  string  // AckTimeout: the ack level that is reached; empty when none is known
}

// Field is one value at fault in a Refusal.
type Field struct {
	Location     string // "query.limit", "header.Edged-Time", "body.partitions", "body[3].key", "sql"
	Message      string
	Value        any // what was given; nil leaves it out
	Line, Column int // of SQL, from 1; 0 elsewhere
}

// Error says the kind and the detail.
func (r *Refusal) Error() string { return string(r.Kind) + ": " + r.Detail }

// Unwrap returns the kind, for errors.Is.
func (r *Refusal) Unwrap() error { return r.Kind }

// Refuse makes a Refusal with a formatted detail.
func Refuse(k Kind, format string, args ...any) *Refusal {
	return &Refusal{Kind: k, Detail: fmt.Sprintf(format, args...)}
}

// RefuseField makes a Refusal about one value; the detail names the place and says why.
func RefuseField(k Kind, location string, value any, format string, args ...any) *Refusal {
	why := fmt.Sprintf(format, args...)
	return &Refusal{
		Kind: k, Detail: location + ": " + why,
		Fields: []Field{{Location: location, Message: why, Value: value}},
	}
}
