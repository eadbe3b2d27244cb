package httpapi

import (
	"reflect"

	"github.com/danielgtaylor/huma/v2"
)

// The types of this file describe, for the documents, what httpapi/intake reads and
// httpapi/codec writes by hand. A test holds the hand-written forms to them.

// eventView is an event as a reader gets it.
type eventView struct {
	ID          string            `json:"id" doc:"Unique in its stream: the producer's, or made by the node"`
	Stream      string            `json:"stream"`
	Partition   uint32            `json:"partition"`
	Origin      string            `json:"origin" doc:"The node incarnation that accepted it"`
	Seq         uint64            `json:"seq" doc:"Its place in that origin's log of that partition: from 1, with no gaps"`
	HLC         string            `json:"hlc" doc:"Hybrid logical clock stamp"`
	Time        string            `json:"time" format:"date-time" doc:"Event time: the producer's, or the accept time"`
	Key         string            `json:"key,omitempty"`
	Type        string            `json:"type,omitempty"`
	ContentType string            `json:"content_type"`
	Headers     map[string]string `json:"headers,omitempty"`
	Data        any               `json:"data,omitempty" doc:"JSON when the content type is JSON, a string when it is text"`
	DataBase64  string            `json:"data_base64,omitempty" doc:"Other data; in msgpack, raw bytes under data"`
	Cursor      string            `json:"cursor,omitempty" doc:"On feeds: the place just after this event"`
}

// eventItem is an event of a page or a line: whole, or with envelope=data its data alone, which is any JSON.
type eventItem struct{}

// Schema describes both.
func (eventItem) Schema(r huma.Registry) *huma.Schema {
	return &huma.Schema{AnyOf: []*huma.Schema{
		r.Schema(reflect.TypeFor[eventView](), true, ""),
		{Description: "With envelope=data: the data alone"},
	}}
}

// eventPage is the answer of a plain read.
type eventPage struct {
	Events   []eventItem `json:"events" nullable:"false"`
	Gaps     []gapView   `json:"gaps,omitempty" nullable:"false" doc:"Events that should stand in this page and are not held any more"`
	Cursor   string      `json:"cursor" doc:"Read on from here, at any node"`
	CaughtUp bool        `json:"caught_up" doc:"Nothing more was held when this was answered"`
}

// draftView is one event of a batch, as a publisher gives it.
type draftView struct {
	Data        any               `json:"data,omitempty"`
	DataBase64  string            `json:"data_base64,omitempty" doc:"Instead of data, for bytes"`
	ID          string            `json:"id,omitempty" doc:"A known id is not stored again"`
	Key         string            `json:"key,omitempty" maxLength:"1024"`
	Time        any               `json:"time,omitempty" doc:"RFC 3339, or a number of Unix milliseconds"`
	Type        string            `json:"type,omitempty"`
	Headers     map[string]string `json:"headers,omitempty"`
	ContentType string            `json:"content_type,omitempty"`
}

// cloudEventView is an event as CloudEvents 1.0 has it. Attributes that are not named here become
// headers.
type cloudEventView struct {
	_           struct{} `additionalProperties:"true"`
	SpecVersion string   `json:"specversion" enum:"1.0"`
	ID          string   `json:"id" minLength:"1" maxLength:"256"`
	Source      string   `json:"source" minLength:"1"`
	Type        string   `json:"type" minLength:"1" maxLength:"256"`
	Subject     string   `json:"subject,omitempty" minLength:"1" maxLength:"1024" doc:"Becomes the key"`
	Time        string   `json:"time,omitempty" format:"date-time"`
	ContentType string   `json:"datacontenttype,omitempty"`
	Data        any      `json:"data,omitempty"`
	DataBase64  string   `json:"data_base64,omitempty" doc:"Instead of data, for bytes"`
}

// receiptView is the answer of a publish.
type receiptView struct {
	Stream     string               `json:"stream"`
	Count      int                  `json:"count" doc:"Events stored now"`
	Duplicates int                  `json:"duplicates" doc:"Events whose id was held already"`
	Origin     string               `json:"origin"`
	Seqs       map[string][2]uint64 `json:"partition_seqs" doc:"Partition to the first and last sequence given"`
	HLC        string               `json:"hlc"`
	Cursor     string               `json:"cursor" doc:"The place just after these events"`
}

// streamPath is the name in a path.
type streamPath struct {
	Stream string `path:"stream" minLength:"1" maxLength:"128" pattern:"^[a-z0-9][a-z0-9._-]{0,127}$" doc:"Name of the stream"`
}

// afterParams are taken by every GET under /v1.
type afterParams struct {
	After string `query:"after" minLength:"1" pattern:"^[A-Za-z0-9_-]+$" doc:"A cursor, of any stream or collection: answer when this node has caught up to it"`
	Wait  string `query:"wait" pattern:"^(0|([0-9]{1,4}([.][0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$" default:"5s" example:"10s" doc:"How long to wait for that, at most 60s"`
}

type pageQuery struct {
	Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"100" doc:"Entries of one page"`
	Page  string `query:"page" pattern:"^[A-Za-z0-9_-]*$" doc:"next of the page before"`
}

type publishParams struct {
	streamPath
	Ack         string `query:"ack" default:"disk" pattern:"^(memory|disk|region|regions:([1-9][0-9]{0,2}|1000))$" doc:"What has to happen first. memory: has its place; disk: fsynced here; region: fsynced on two nodes of this region; regions:N: on a node in each of N regions"`
	Timeout     string `query:"timeout" pattern:"^(0|([0-9]{1,4}([.][0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$" default:"5s" doc:"How long to wait for the ack; then 504, and whether it is stored is unknown"`
	Key         string `query:"key" minLength:"1" maxLength:"1024" doc:"Key of the event; of NDJSON, a JSON Pointer into each line"`
	Time        string `query:"time" doc:"Event time; of NDJSON, a JSON Pointer into each line"`
	Type        string `query:"type" minLength:"1" maxLength:"256" doc:"Type of the event"`
	After       string `query:"after" minLength:"1" pattern:"^[A-Za-z0-9_-]+$" doc:"A cursor: what the author had seen"`
	EdgedKey    string `header:"Edged-Key" minLength:"1" maxLength:"1024" doc:"As key"`
	EdgedTime   string `header:"Edged-Time" doc:"As time"`
	EdgedType   string `header:"Edged-Type" minLength:"1" maxLength:"256" doc:"As type"`
	Idempotency string `header:"Idempotency-Key" minLength:"1" maxLength:"240" doc:"Becomes the id; of a batch, K:0, K:1 and so on"`
	Encoding    string `header:"Content-Encoding" enum:"gzip,zstd,identity" doc:"Of the body"`
}

type readParams struct {
	streamPath
	From      string   `query:"from" doc:"earliest, latest, an RFC 3339 time, or relative such as -10m, by append time"`
	Cursor    string   `query:"cursor" doc:"A place that any node gave, instead of from"`
	Limit     int      `query:"limit" minimum:"1" maximum:"10000" default:"100" doc:"Events of one answer"`
	Wait      string   `query:"wait" pattern:"^(0|([0-9]{1,4}([.][0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$" doc:"Wait for a first event this long, at most 60s"`
	Keys      []string `query:"key" nullable:"false" minLength:"1" maxLength:"1024" doc:"Only events with one of these keys"`
	KeyPrefix string   `query:"key_prefix" doc:"Only events whose key begins so"`
	Types     []string `query:"type" nullable:"false" minLength:"1" doc:"Only events of one of these types"`
	Filter    string   `query:"filter" doc:"Only events for which this SQL expression is true: over the fields of data, and _key, _time, _type and the like. Such as price > 10 AND city = 'Oslo'"`
	Order     string   `query:"order" enum:"arrival,stable" default:"arrival" doc:"As this node learns events, or by HLC, the same at every node"`
	Envelope  string   `query:"envelope" enum:"full,data" default:"full" doc:"Whole events, or their data alone"`
	Origin    string   `query:"origin" enum:"local,any" default:"any" doc:"Only what this node accepted, or all"`
	OnLag     string   `query:"on_lag" enum:"read,skip" default:"read" doc:"A feed that falls behind reads on from disk, or skips to the newest and says so"`
	Cursors   string   `query:"cursors" enum:"all,sparse" default:"all" doc:"On feeds: a cursor with each event, or now and then"`
	Last      string   `header:"Last-Event-ID" doc:"As cursor, from an EventSource that comes back"`
}

type healthParams struct {
	Verbose string `query:"verbose" doc:"List every check"`
}

type readyParams struct {
	healthParams
	MaxLag   string `query:"max_lag" pattern:"^(0|([0-9]{1,4}([.][0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$" example:"30s" doc:"Not ready when a peer is further behind"`
	MinPeers int    `query:"min_peers" minimum:"0" maximum:"10000" doc:"Not ready with fewer peers connected"`
}
