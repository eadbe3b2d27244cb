package httpapi

import (
	"strconv"

	"github.com/edgedhq/edged"
	"github.com/edgedhq/edged/httpapi/jsonscan"
)

// receiptMembers is how many members a receipt has.
const receiptMembers = 7

// appendReceiptJSON appends the members of a receipt, without braces.
func appendReceiptJSON(b []byte, rec *edged.Receipt) []byte {
	b = append(b, `"stream":`...)
	b = jsonscan.Quote(b, rec.Stream)
	b = append(b, `,"count":`...)
	b = strconv.AppendInt(b, int64(rec.Count), 10)
	b = append(b, `,"duplicates":`...)
	b = strconv.AppendInt(b, int64(rec.Duplicates), 10)
	b = append(b, `,"origin":`...)
	b = jsonscan.Quote(b, rec.Origin.String())
	b = append(b, `,"partition_seqs":{`...)
	for i, span := range rec.Spans {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '"')
		b = strconv.AppendUint(b, uint64(span.Partition), 10)
		b = append(b, `":[`...)
		b = strconv.AppendUint(b, uint64(span.First), 10)
		b = append(b, ',')
		b = strconv.AppendUint(b, uint64(span.Last), 10)
		b = append(b, ']')
	}
	b = append(b, `},"hlc":"`...)
	b = rec.HLC.AppendTo(b)
	b = append(b, `","cursor":"`...)
	b = rec.AppendCursor(b)
	return append(b, '"')
}

// appendReceiptMsgpack appends the members of a receipt, without the head of a map, and tells how
// many they are.
func appendReceiptMsgpack(b []byte, rec *edged.Receipt) (members int, _ []byte) {
	b = packText(packText(b, "stream"), rec.Stream)
	b = packUint(packText(b, "count"), uint64(rec.Count))
	b = packUint(packText(b, "duplicates"), uint64(rec.Duplicates))
	b = packText(packText(b, "origin"), rec.Origin.String())
	b = packMapLen(packText(b, "partition_seqs"), len(rec.Spans))
	for _, span := range rec.Spans {
		b = packText(b, strconv.FormatUint(uint64(span.Partition), 10))
		b = append(b, 0x92) // an array of two
		b = packUint(packUint(b, uint64(span.First)), uint64(span.Last))
	}
	b = packText(packText(b, "hlc"), rec.HLC.String())
	var room [512]byte
	return receiptMembers, packText(packText(b, "cursor"), string(rec.AppendCursor(room[:0])))
}

// receiptAnswer appends the answer of a publish.
func receiptAnswer(b []byte, form string, rec *edged.Receipt) []byte {
	if form == typeMsgpack {
		_, b = appendReceiptMsgpack(append(b, 0x80|receiptMembers), rec)
		return b
	}
	b = appendReceiptJSON(append(b, '{'), rec)
	return append(b, '}', '\n')
}

func packText(b []byte, s string) []byte {
	switch n := len(s); {
	case n < 32:
		b = append(b, 0xa0|byte(n))
	case n < 1<<8:
		b = append(b, 0xd9, byte(n))
	default: // the longest is a cursor, which has at most 22 KiB
		b = append(b, 0xda, byte(n>>8), byte(n))
	}
	return append(b, s...)
}

func packUint(b []byte, v uint64) []byte {
	switch {
	case v < 1<<7:
		return append(b, byte(v))
	case v < 1<<16:
		return append(b, 0xcd, byte(v>>8), byte(v))
	case v < 1<<32:
		return append(b, 0xce, byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
	}
	return append(b, 0xcf, byte(v>>56), byte(v>>48), byte(v>>40), byte(v>>32), byte(v>>24), byte(v>>16), byte(v>>8), byte(v))
}

func packMapLen(b []byte, n int) []byte {
	if n < 16 {
		return append(b, 0x80|byte(n))
	}
	return append(b, 0xde, byte(n>>8), byte(n)) // a stream has at most 256 partitions
}
