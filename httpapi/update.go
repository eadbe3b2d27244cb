package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/codec"
	"github.com/edgedhq/edged/httpapi/intake"
)

// updatesView is the answer of an update of many keys.
type updatesView struct {
	Count  int    `json:"count" doc:"Entries of the request, all carried out"`
	Cursor string `json:"cursor" doc:"Pass it on as after, at any node: the answer then includes them"`
}

type writeParams struct {
	Ack     string `query:"ack" default:"disk" pattern:"^(memory|disk|region|regions:([1-9][0-9]{0,2}|1000))$" doc:"What has to happen first. disk, and memory the same: fsynced here; region: fsynced on two nodes of this region; regions:N: on a node in each of N regions"`
	Timeout string `query:"timeout" pattern:"^(0|([0-9]{1,4}([.][0-9]{1,9})?(ns|us|µs|ms|s|m|h))+)$" default:"5s" doc:"How long to wait for the ack; then 504, and whether it is carried out is unknown"`
}

type encodingParam struct {
	Encoding string `header:"Content-Encoding" enum:"gzip,zstd,identity" doc:"Of the body"`
}

type deleteKeyParams struct {
	keyPath
	writeParams
}

type updateKeyParams struct {
	keyPath
	writeParams
	encodingParam
}

type updateKeysParams struct {
	collectionPath
	writeParams
	encodingParam
}

// errand is one update on its way, as a parcel is a publish.
type errand struct {
	ackWait
	form       string // of the answer
	collection string
	key        string
	room       bodyRoom
	updates    intake.Updates
	one        edged.Update
	answer     []byte
}

func (in *inbox) errand() *errand {
	if e, ok := in.errands.Get().(*errand); ok {
		return e
	}
	return new(errand)
}

// finish takes back an errand whose bytes nobody uses any more.
func (in *inbox) finish(e *errand) {
	e.updates.Reset()
	e.room.trim()
	*e = errand{room: e.room, updates: e.updates, answer: e.answer[:0]}
	in.errands.Put(e)
}

func (s *Server) updateKey(w http.ResponseWriter, r *http.Request) {
	s.update(w, r, (*Server).takeOps, (*Server).carryOutOne)
}

func (s *Server) updateKeys(w http.ResponseWriter, r *http.Request) {
	s.update(w, r, (*Server).takeMany, (*Server).carryOutMany)
}

// deleteKey answers with no body; the place of the deletion is in a header.
func (s *Server) deleteKey(w http.ResponseWriter, r *http.Request) {
	s.update(w, r, (*Server).takeKey, (*Server).carryOutOne)
}

// update takes up what a request says, and carries it out. All refusals of take come before
// anything is handed over.
func (s *Server) update(w http.ResponseWriter, r *http.Request,
	take func(*Server, *errand, *http.Request) error, carryOut func(*Server, context.Context, *errand) (cursor string, err error),
) {
	e := s.inbox.errand()
	if err := take(s, e, r); err != nil {
		s.inbox.finish(e)
		s.fail(w, r, err)
		return
	}
	begun(w)
	ctx, cancel := context.WithTimeout(r.Context(), e.timeout)
	start := time.Now()
	cursor, err := carryOut(s, ctx, e)
	cancel()
	if err != nil { // the errand is lost: when time was up, whoever had it may not be done with it
		s.fail(w, r, s.notCarriedOut(e, err))
		return
	}
	s.updates.answered(e.ack, max(1, len(e.updates.List)), time.Since(start))
	h := w.Header()
	if r.Method == http.MethodDelete {
		h.Set("Edged-Cursor", cursor)
		w.WriteHeader(http.StatusNoContent)
		s.inbox.finish(e)
		return
	}
	h["Content-Type"] = receiptJSON
	if e.form == typeMsgpack {
		h["Content-Type"] = receiptMsgpack
	}
	h["Cache-Control"] = noStore
	if len(e.answer) > bufferedMax {
		h["Content-Length"] = []string{strconv.Itoa(len(e.answer))}
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(e.answer) // whoever does not read the answer has gone
	s.inbox.finish(e)
}

// takeNames reads the name of the collection, the query, and the form of the answer.
func (s *Server) takeNames(e *errand, r *http.Request) (err error) {
	if e.collection, err = nameIn(r, "name"); err != nil {
		return err
	}
	if e.form, err = publishForm(r); err != nil {
		return err
	}
	e.ackWait = ackWait{timeout: ackTimeoutDefault}
	return eachPair(r.URL.RawQuery, e.setParam)
}

// setParam takes one pair of the query.
func (e *errand) setParam(name, value string) (bit int, err error) {
	if name == "ack" || name == "timeout" {
		return e.ackWait.set(name, value)
	}
	return 0, edged.RefuseField(edged.Invalid, "query."+cut(name, 100), nil, "unknown parameter; %s", suggest(name, updateWords))
}

var updateWords = []string{"ack", "timeout"} // read-only

func (s *Server) takeKey(e *errand, r *http.Request) (err error) {
	if err = s.takeNames(e, r); err != nil {
		return err
	}
	e.key, err = keyIn(r)
	e.one = edged.Update{Collection: e.collection, Key: e.key, Ack: e.ack}
	return err
}

func (s *Server) takeOps(e *errand, r *http.Request) error {
	if err := s.takeKey(e, r); err != nil {
		return err
	}
	form, body, err := s.takeBody(e, r, false)
	if err == nil {
		e.one.Ops, err = e.updates.Ops(form, body)
	}
	return err
}

func (s *Server) takeMany(e *errand, r *http.Request) error {
	if err := s.takeNames(e, r); err != nil {
		return err
	}
	form, body, err := s.takeBody(e, r, true)
	if err == nil {
		err = e.updates.Read(form, body)
	}
	for i := range e.updates.List {
		e.updates.List[i].Collection, e.updates.List[i].Ack = e.collection, e.ack
	}
	return err
}

func (s *Server) takeBody(e *errand, r *http.Request, many bool) (intake.UpdateForm, []byte, error) {
	form, err := intake.UpdateFormOf(first(r.Header["Content-Type"]), many)
	if err != nil {
		return form, nil, err
	}
	body, err := s.readBody(&e.room, r, intake.UpdateBytesMax, intake.UpdatesTooLarge)
	return form, body, err
}

// carryOutOne updates or deletes one key, and answers with its value.
func (s *Server) carryOutOne(ctx context.Context, e *errand) (cursor string, err error) {
	entry, err := s.parts.Entries.Update(ctx, &e.one)
	if err != nil {
		return "", err
	}
	if e.one.Ops != nil {
		e.answer = appendEntry(e.answer[:0], e.form, &entry)
	}
	return entry.Cursor, nil
}

// carryOutMany updates many keys, and answers with how many.
func (s *Server) carryOutMany(ctx context.Context, e *errand) (cursor string, err error) {
	cursor, err = s.parts.Entries.UpdateAll(ctx, e.collection, e.updates.List)
	if err != nil {
		return "", e.updates.Placed(err)
	}
	o := codec.Open(e.answer[:0], e.form == typeMsgpack)
	o.Uint("count", uint64(len(e.updates.List)))
	o.Text("cursor", cursor)
	e.answer = o.Close()
	if e.form != typeMsgpack {
		e.answer = append(e.answer, '\n')
	}
	return cursor, nil
}

// notCarriedOut says what an update's error means to its author.
func (s *Server) notCarriedOut(e *errand, err error) error {
	switch {
	case errors.Is(err, edged.CollectionNotFound):
		return edged.Refuse(edged.CollectionNotFound,
			"there is no collection %q; make it first, by PUT /v1/collections/%s with its type, such as {\"type\":\"counter\"}", e.collection, e.collection)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled), errors.Is(err, edged.AckTimeout):
		return e.ackWait.notConfirmed(err, "the update", "is", "an increment that is sent again counts twice: read the key first")
	}
	return err
}
