package history

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what is found into the stories")

// TestStories judges each history in testdata; below ---- stands what has to be found in it.
func TestStories(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no stories", err)
	}
	for _, path := range paths {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			story, want, _ := strings.Cut(string(text), "----\n")
			c := New()
			for line := range strings.Lines(story) {
				if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
					continue
				}
				o, err := Parse(line)
				if err != nil {
					t.Fatal(err)
				}
				c.Add(o)
			}
			var got strings.Builder
			for _, v := range c.Judge() {
				got.WriteString(v.String() + "\n")
			}
			if *rewrite {
				if err := os.WriteFile(path, []byte(story+"----\n"+got.String()), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got.String() != want {
				t.Errorf("found\n%s\nwant\n%s", got.String(), want)
			}
		})
	}
}

func TestJudgeTellsEachViolationOnce(t *testing.T) {
	c := New()
	c.Add(Op{Process: "w", Kind: Publish, ID: "x", Node: "a", Level: "disk", Outcome: OK})
	for range 3 {
		if v := c.Judge(); len(v) != 1 || v[0].Fault != Lost {
			t.Fatalf("found %v, want one loss", v)
		}
	}
}

func TestLinesComeBackAsTheyWere(t *testing.T) {
	for _, o := range []Op{
		{Process: "w1", Kind: Publish, ID: "w1-7", Node: "a", Level: "disk", Start: 120, End: 450, Outcome: OK, Dot: Dot{Log: "orders/0@a~00ff", Seq: 17}},
		{Process: "suite", Kind: Crash, Node: "a", Start: -5, End: 500, Outcome: OK},
		{Process: "r", Kind: Gap, ID: "lost", Node: "a", Outcome: OK, Dot: Dot{Log: "o/0@a", Seq: 3, To: 9}},
	} {
		line := string(o.AppendTo(nil))
		if got, err := Parse(line); err != nil || got != o {
			t.Errorf("%q came back as %+v, %v", line, got, err)
		}
	}
	for _, bad := range []string{
		"", "w publish", "w sing x a disk 1 2 ok -", "w publish x a disk 1 2 perhaps -", "w publish x a disk one 2 ok -",
		"w hold x a - 1 2 ok -", "w hold x a - 1 2 ok log", "w hold x a - 1 2 ok log:x", "r gap lost a - 1 2 ok log:5..4",
	} {
		if o, err := Parse(bad); err == nil {
			t.Errorf("%q was taken for %+v", bad, o)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("w1 publish w1-7 a disk 120 450 ok orders/0@a~00ff:17")
	f.Add("r1 gap lost a - 950 950 ok orders/0@a~00ff:18..19")
	f.Fuzz(func(t *testing.T, line string) {
		o, err := Parse(line)
		if err != nil {
			return
		}
		if again, err := Parse(string(o.AppendTo(nil))); err != nil || again != o {
			t.Fatalf("%+v came back as %+v, %v", o, again, err)
		}
	})
}
