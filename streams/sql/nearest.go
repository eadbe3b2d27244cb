package sql

// nearestBytesMax is the longest word that Nearest compares.
const nearestBytesMax = 32

// Nearest gives the word among some that text was likely meant to be, in any case, or nothing. It
// allows one slip in three characters, at least one: a character too many, too few, another one, or
// two that changed places. Of equals the first.
func Nearest(text string, among []string) string {
	best, least := "", max(1, len(text)/3)+1
	for _, word := range among {
		if d := distance(text, word); d < least && d < min(len(text), len(word)) {
			best, least = word, d
		}
	}
	return best
}

// distance counts the slips between two words.
func distance(a, b string) int {
	if len(a) > nearestBytesMax || len(b) > nearestBytesMax {
		return nearestBytesMax
	}
	var rows [3][nearestBytesMax + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, above, before := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		for j := 1; j <= len(b); j++ {
			x, y := lower(a[i-1]), lower(b[j-1])
			changed := above[j-1]
			if x != y {
				changed++
			}
			row[j] = min(changed, above[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && x == lower(b[j-2]) && lower(a[i-2]) == y {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
	}
	return rows[len(a)%3][len(b)]
}

func lower(c byte) byte {
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	return c
}
