package config

import "strings"

// Suggestion is the word that was probably meant; empty when none is near.
type Suggestion string

// Ask is the suggestion as the end of a sentence, or nothing.
func (s Suggestion) Ask() string {
	if s == "" {
		return ""
	}
	return "; did you mean " + string(s) + "?"
}

// Nearest finds the word that was probably meant: the one with the fewest edits, at most a third
// of its length, or one that the given word begins.
func Nearest(word string, words []string) Suggestion {
	best, found := 1+max(len(word), 2)/3, Suggestion("")
	for _, w := range words {
		if d := distance(word, w); d < best {
			best, found = d, Suggestion(w)
		}
	}
	if found == "" && len(word) >= 3 {
		for _, w := range words {
			if strings.HasPrefix(w, word) || strings.HasSuffix(w, "."+word) {
				return Suggestion(w)
			}
		}
	}
	return found
}

// distance counts the edits (insert, delete, replace, swap of neighbours) between two words.
func distance(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range rows[0] {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d := min(rows[i-1][j]+1, rows[i][j-1]+1, rows[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, rows[i-2][j-2]+1)
			}
			rows[i][j] = d
		}
	}
	return rows[len(a)][len(b)]
}
