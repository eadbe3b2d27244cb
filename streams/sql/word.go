package sql

// wordKind says where a word of the language may stand as a bare name.
type wordKind uint8

const (
	free     wordKind = iota // may be a name: its place in the grammar tells
	reserved                 // begins or joins a clause, or stands in an expression
	clause                   // reserved, and the parser goes on there after a fault
	clock                    // reserved: elsewhere it is the time of day
)

// word is one of the language, upper case.
type word struct {
	text string
	kind wordKind
}

// wordBytesMax is the length of the longest word, CURRENT_TIMESTAMP.
const wordBytesMax = 17

// clauses are the words that begin a clause, in the order in which clauses stand.
var clauses = []string{ // read-only
	"SELECT", "FROM", "JOIN", "MATCH_RECOGNIZE", "WHERE", "GROUP", "HAVING", "QUALIFY", "ORDER", "LIMIT", "EMIT", "WITH",
}

// joins are what the parser proposes beside clauses, the likelier first.
var joins = []string{ // read-only
	"AND", "OR", "AS", "BY", "IS", "IN", "BETWEEN", "LIKE", "ILIKE", "LEFT", "ON", "WITHIN", "FILTER", "UNION", "ESCAPE",
}

var words = table() // read-only

func table() map[string]word {
	t := map[string]word{}
	add := func(kind wordKind, texts ...string) {
		for _, text := range texts {
			t[text] = word{text, kind}
		}
	}
	add(reserved, joins...)
	add(reserved, "NOT", "NULL", "TRUE", "FALSE", "DISTINCT", "CASE", "WHEN", "THEN", "ELSE", "END", "CAST", "TRY_CAST",
		"INTERVAL", "OVER")
	add(clause, clauses...)
	add(clause, "LEFT", "UNION", "INTERSECT", "EXCEPT")
	add(clock, "CURRENT_TIMESTAMP", "CURRENT_DATE", "CURRENT_TIME", "LOCALTIMESTAMP", "LOCALTIME")
	add(free, "STREAMS", "UNNEST", "COLLECTION", "TUMBLE", "HOP", "CUMULATE", "SESSION", "ROWS", "ROW_NUMBER", "RANK",
		"PARTITION", "ASC", "DESC", "CHANGES", "FINAL", "EVERY", "MEASURES", "PATTERN", "DEFINE", "AFTER", "MATCH", "SKIP",
		"PAST", "LAST", "ROW", "TO", "NEXT", "INNER", "RIGHT", "FULL", "CROSS", "OUTER")
	return t
}

// known finds the word of the language that text is, in any case.
func known(text string) word {
	var upper [wordBytesMax]byte
	if len(text) > len(upper) {
		return word{}
	}
	for i := range len(text) {
		c := text[i]
		if c >= 'a' && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	return words[string(upper[:len(text)])]
}

// bare says whether name may stand without quotes.
func bare(name string) bool {
	s := scanner{text: name}
	return s.letters() == len(name) && name != "" && known(name).kind == free
}
