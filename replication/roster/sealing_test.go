package roster

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/edgedhq/edged"
)

// voter is a node of a roll: what it holds of the lost origin, and its log of the mesh's records.
type voter struct {
	origin edged.Origin
	holds  edged.Sequence // of the one log that there is
	log    [][]byte
}

func (v *voter) append(data ...[]byte) { v.log = append(v.log, data...) }

var lost = edged.Origin{Label: "x", ID: edged.OriginID{9}} // read-only

// ends gives the end of the lost origin, if there is one.
func (r *Roster) ends() []End {
	if e, closed := r.End(lost.ID); closed {
		return []End{e}
	}
	return nil
}

func voters(n int) []*voter {
	var all []*voter
	for i := range n {
		all = append(all, &voter{origin: edged.Origin{Label: "v", ID: edged.OriginID{byte(i + 1)}}})
	}
	return all
}

func rollBy(number uint64, by *voter, members ...*voter) Roll {
	s := Roll{Origin: lost, Number: number, By: by.origin}
	for _, m := range members {
		s.Members = append(s.Members, RollMember{Node: m.origin.String(), Name: m.origin.String(), Origin: m.origin})
	}
	return s
}

func logsTo(head edged.Sequence) ([]edged.LogEnd, edged.Sum) {
	if head == 0 {
		return nil, edged.Sum{}
	}
	logs := []edged.LogEnd{{Log: edged.LogID{7}, Head: head, Chain: edged.Chain{byte(head)}}}
	return logs, logs[0].Term()
}

// say has a node say what it holds.
func (v *voter) say(s Roll) {
	logs, sum := logsTo(v.holds)
	_, data := AgreedRecords(s, v.origin.ID, sum, int64(v.holds)+1, logs)
	v.append(data...)
}

// mix folds the logs of all, each in its order, in some order among each other; seen is called after
// every record.
func mix(seed uint64, all []*voter, seen func(*Roster)) *Roster {
	dice := rand.New(rand.NewPCG(seed, 1))
	r, at := New(), make([]int, len(all))
	for {
		var left []int
		for i, v := range all {
			if at[i] < len(v.log) {
				left = append(left, i)
			}
		}
		if len(left) == 0 {
			return r
		}
		i := left[dice.IntN(len(left))]
		r.Fold(edged.Event{HLC: edged.Timestamp{Wall: 1}, Origin: all[i].origin, Data: all[i].log[at[i]]})
		at[i]++
		seen(r)
	}
}

func TestAnOriginEndsWhereItsWholeRollAgrees(t *testing.T) {
	all := voters(3)
	a, b, c := all[0], all[1], all[2]
	s := rollBy(1, a, a, b, c)
	a.append(dataOf(SealingRecord(s)))
	a.holds, b.holds, c.holds = 5, 5, 3
	for _, v := range all {
		v.say(s)
	}
	r := mix(1, all, func(*Roster) {})
	if len(r.ends()) != 0 {
		t.Fatal("closed, though one holds less")
	}
	rolls := r.Rolls()
	if len(rolls) != 1 || rolls[0].Closed || rolls[0].Members[0].Sum != rolls[0].Members[1].Sum || rolls[0].Members[0].Sum == rolls[0].Members[2].Sum {
		t.Fatalf("the roll is %+v", rolls)
	}
	c.holds = 5
	c.say(s)
	ends := mix(1, all, func(*Roster) {}).ends()
	logs, _ := logsTo(5)
	if len(ends) != 1 || ends[0].Origin != lost || ends[0].At != 6 || !slices.Equal(ends[0].Logs, logs) {
		t.Fatalf("ends %+v", ends)
	}
}

// TestTheEndIsTheSameInAnyOrder lets nodes grow at random while they agree, and go on growing after
// that; whoever folds their records finds one end, and never another.
func TestTheEndIsTheSameInAnyOrder(t *testing.T) {
	closed := 0
	for seed := range uint64(300) {
		dice := rand.New(rand.NewPCG(seed, 2))
		all := voters(3)
		s := rollBy(1, all[0], all...)
		all[0].append(dataOf(SealingRecord(s)))
		for range 12 {
			v := all[dice.IntN(3)]
			v.holds = max(v.holds, edged.Sequence(dice.IntN(4)))
			v.say(s)
		}
		var first *End
		for order := range uint64(20) {
			var own *End
			mix(seed<<8|order, all, func(r *Roster) {
				ends := r.ends()
				if len(ends) == 0 {
					if own != nil {
						t.Fatalf("seed %d: an end was taken back", seed)
					}
					return
				}
				if own != nil && own.Sum != ends[0].Sum {
					t.Fatalf("seed %d: the end moved", seed)
				}
				own = &ends[0]
			})
			if order > 0 && (own == nil) != (first == nil) || own != nil && first != nil && own.Sum != first.Sum {
				t.Fatalf("seed %d: two orders, two ends", seed)
			}
			first = own
		}
		if first != nil {
			closed++
		}
	}
	if closed < 50 {
		t.Fatalf("only %d of the runs closed: they show little", closed)
	}
}

func TestALaterRollCounts(t *testing.T) {
	all := voters(3)
	a, b, c := all[0], all[1], all[2]
	first, second := rollBy(1, a, a, b, c), rollBy(2, a, a, b)
	a.append(dataOf(SealingRecord(first)))
	a.holds, b.holds, c.holds = 5, 5, 6
	a.say(first)
	b.say(first)
	a.append(dataOf(SealingRecord(second)))
	a.say(second)
	b.say(second)
	check := func(want edged.Sequence, number uint64) {
		t.Helper()
		for seed := range uint64(50) {
			r := mix(seed, all, func(*Roster) {})
			ends := r.ends()
			if len(ends) != 1 || ends[0].Logs[0].Head != want || ends[0].Number != number || !r.Rolls()[0].Closed {
				t.Fatalf("ends %+v, want %d by roll %d", ends, want, number)
			}
		}
	}
	check(5, 2)
	a.holds, b.holds = 6, 6 // the first closes as well: the higher number counts
	for _, v := range all {
		v.say(first)
	}
	check(5, 2)
}

func TestWhatANodeOutsideTheRollSaysDoesNotCount(t *testing.T) {
	all := voters(3)
	a, b, stranger := all[0], all[1], all[2]
	s := rollBy(1, a, a, b)
	a.append(dataOf(SealingRecord(s)))
	a.holds, stranger.holds = 5, 5
	a.say(s)
	stranger.say(s)
	s.By = stranger.origin
	stranger.append(dataOf(SealingRecord(rollBy(1, stranger, a, b))))
	if r := mix(1, all, func(*Roster) {}); len(r.ends()) != 0 {
		t.Fatal("closed without b")
	}
}

func TestALogOfManyPartsIsWholeOrDoesNotCount(t *testing.T) {
	all := voters(1)
	a := all[0]
	s := rollBy(1, a, a)
	var logs []edged.LogEnd
	var sum edged.Sum
	for i := range 2*logsPerRecord + 1 {
		e := edged.LogEnd{Log: edged.LogID{byte(i >> 8), byte(i)}, Head: edged.Sequence(i + 1)}
		logs = append(logs, e)
		sum.Add(e.Term())
	}
	_, data := AgreedRecords(s, a.origin.ID, sum, 1, logs)
	if len(data) != 4 {
		t.Fatalf("%d records, want 3 parts and the agreement", len(data))
	}
	a.append(dataOf(SealingRecord(s)))
	a.append(data[0], data[0], data[2], data[3]) // the second part is missing
	if r := mix(1, all, func(*Roster) {}); len(r.ends()) != 0 {
		t.Fatal("closed without knowing where all logs end")
	}
	a.log = a.log[:1]
	a.append(data[0], data[0], data[1], data[1], data[2], data[3])
	ends := mix(1, all, func(*Roster) {}).ends()
	if len(ends) != 1 || !slices.Equal(ends[0].Logs, logs) {
		t.Fatal("the logs did not come back as they went")
	}
}
