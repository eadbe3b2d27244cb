package roster

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/edgedhq/edged"
)

// sealingRecord draws up a roll.
type sealingRecord struct {
	Text   string         `json:"origin"`
	Number uint64         `json:"number"`
	Roll   []memberRecord `json:"roll"`
	Away   []string       `json:"away,omitempty"`
	origin edged.Origin
}

type memberRecord struct {
	Node   string `json:"node"`
	Name   string `json:"name"`
	Text   string `json:"origin"`
	origin edged.Origin
}

// aboutRoll begins the records that follow: which roll they are about, and a sum.
type aboutRoll struct {
	Text   string `json:"origin"`
	Number uint64 `json:"number"`
	By     string `json:"by"`
	Sum    string `json:"sum"`
	id     rollID
	origin edged.Origin
	sum    edged.Sum
}

// heldRecord is part of where the logs stand.
type heldRecord struct {
	aboutRoll
	At    int64  `json:"at"`
	Part  int    `json:"part"`
	Parts int    `json:"parts"`
	Logs  []byte `json:"logs"`
	logs  []edged.LogEnd
}

type agreedRecord struct{ aboutRoll }

var (
	errRoll = errors.New("roster: sealing: want a number from 1 on, and the nodes of the roll")
	errSum  = errors.New("roster: sealing: want a sum of 32 hexadecimal digits")
	errPart = errors.New("roster: sealing: want a part below the number of parts")
	errLogs = errors.New("roster: sealing: want logs as id, head and chain value, in the order of their ids")
)

// parseSealing reads the texts in records about sealings.
func (r *record) parseSealing() (err error) {
	if s := r.Sealing; s != nil {
		if s.origin, err = edged.ParseOrigin(s.Text); err != nil {
			return fmt.Errorf("roster: sealing: %w", err)
		}
		if s.Number == 0 || len(s.Roll) == 0 {
			return errRoll
		}
		for i := range s.Roll {
			if s.Roll[i].origin, err = edged.ParseOrigin(s.Roll[i].Text); err != nil {
				return fmt.Errorf("roster: sealing: %w", err)
			}
		}
	}
	if h := r.Held; h != nil {
		if err := h.parse(); err != nil {
			return err
		}
		if h.Part < 0 || h.Part >= h.Parts {
			return errPart
		}
		if h.logs, err = parseLogs(h.Logs); err != nil {
			return err
		}
	}
	if a := r.Agreed; a != nil {
		return a.parse()
	}
	return nil
}

func (a *aboutRoll) parse() (err error) {
	if a.origin, err = edged.ParseOrigin(a.Text); err != nil {
		return fmt.Errorf("roster: sealing: %w", err)
	}
	by, err := edged.ParseOrigin(a.By)
	if err != nil {
		return fmt.Errorf("roster: sealing: %w", err)
	}
	a.id = rollID{a.origin.ID, a.Number, by.ID}
	raw, err := hex.DecodeString(a.Sum)
	if err != nil || copy(a.sum[:], raw) != len(raw) || len(raw) != len(a.sum) {
		return errSum
	}
	return nil
}

const logEndMin = 16 + 1 + 16 // bytes of the shortest entry

func parseLogs(raw []byte) ([]edged.LogEnd, error) {
	logs := make([]edged.LogEnd, 0, len(raw)/logEndMin)
	for len(raw) > 0 {
		var e edged.LogEnd
		n := copy(e.Log[:], raw)
		head, used := binary.Uvarint(raw[n:])
		if n < len(e.Log) || used <= 0 || len(raw) < n+used+len(e.Chain) {
			return nil, errLogs
		}
		e.Head = edged.Sequence(head)
		n += used
		raw = raw[n+copy(e.Chain[:], raw[n:]):]
		if last := len(logs) - 1; last >= 0 && bytes.Compare(logs[last].Log[:], e.Log[:]) >= 0 {
			return nil, errLogs
		}
		logs = append(logs, e)
	}
	return logs, nil
}

func appendLogs(dst []byte, logs []edged.LogEnd) []byte {
	for _, e := range logs {
		dst = append(dst, e.Log[:]...)
		dst = binary.AppendUvarint(dst, uint64(e.Head))
		dst = append(dst, e.Chain[:]...)
	}
	return dst
}

// SealingRecord makes the event that draws up a roll.
func SealingRecord(s Roll) (key string, data []byte) {
	r := sealingRecord{Text: s.Origin.String(), Number: s.Number, Away: s.Away}
	for _, m := range s.Members {
		r.Roll = append(r.Roll, memberRecord{Node: m.Node, Name: m.Name, Text: m.Origin.String()})
	}
	return r.Text, record{Sealing: &r}.encode()
}

// logsPerRecord keeps a record at some tens of KiB.
const logsPerRecord = 500

// AgreedRecords makes the events by which a node of a roll says what it holds: the logs in the order
// of their ids, their sum, and a time that is after all their stamps. Whoever drew up the roll says it
// of each log.
func AgreedRecords(s Roll, self edged.OriginID, sum edged.Sum, at int64, logs []edged.LogEnd) (key string, data [][]byte) {
	about := aboutRoll{Text: s.Origin.String(), Number: s.Number, By: s.By.String(), Sum: hex.EncodeToString(sum[:])}
	if self == s.By.ID {
		parts := max(1, (len(logs)+logsPerRecord-1)/logsPerRecord)
		for part := range parts {
			some := logs[part*logsPerRecord : min(len(logs), (part+1)*logsPerRecord)]
			data = append(data, record{Held: &heldRecord{
				aboutRoll: about, At: at, Part: part, Parts: parts, Logs: appendLogs([]byte{}, some),
			}}.encode())
		}
	}
	return about.Text, append(data, record{Agreed: &agreedRecord{about}}.encode())
}
