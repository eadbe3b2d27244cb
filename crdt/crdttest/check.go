package crdttest

import (
	"errors"
	"fmt"
	"runtime/debug"
	"slices"
)

// Failure is a case that breaks a law.
type Failure struct {
	Type, Law string
	Seed      uint64
	What      string
	Told      string // what happens in the shortest schedule that was found to break it
}

func (f *Failure) Error() string {
	return fmt.Sprintf("%s breaks %s with seed %d: %s\n%s", f.Type, f.Law, f.Seed, f.What, f.Told)
}

// Check runs the case of a seed, and gives the law that does not hold in it, nil if all do.
func (s *Subject) Check(seed uint64) *Failure {
	d := NewDice(seed)
	began, steps := d.Next(), schedule(d)
	law := s.run(seed, began, steps, false).law()
	if law == "" {
		return nil
	}
	for shorter := true; shorter; {
		shorter = false
		for i := len(steps) - 1; i >= 0; i-- {
			left := slices.Delete(slices.Clone(steps), i, i+1)
			if s.run(seed, began, left, false).law() == law {
				steps, shorter = left, true
			}
		}
	}
	return s.run(seed, began, steps, true)
}

// law is the one that is broken, none if there is no failure.
func (f *Failure) law() string {
	if f == nil {
		return ""
	}
	return f.Law
}

// run lets steps happen in a new world, and asks it for the laws. A panic breaks T12.
func (s *Subject) run(seed, began uint64, steps []step, telling bool) (f *Failure) {
	d := NewDice(began)
	w := newWorld(s, d)
	w.telling = telling
	defer func() {
		if p := recover(); p != nil {
			f = &Failure{s.Type.Name(), "T12", seed, fmt.Sprintf("panic: %v\n%s", p, debug.Stack()), w.told.String()}
		}
	}()
	if err := w.all(steps, d); err != nil {
		f = &Failure{s.Type.Name(), "request", seed, err.Error(), w.told.String()}
		if b := (*breach)(nil); errors.As(err, &b) {
			f.Law, f.What = b.law, b.what
		}
	}
	return f
}

func (w *world) all(steps []step, d *Dice) error {
	for _, s := range steps {
		if err := w.do(s); err != nil {
			return err
		}
	}
	for _, l := range laws() {
		if err := l.check(w, NewDice(d.Next())); err != nil {
			return err
		}
	}
	return nil
}
