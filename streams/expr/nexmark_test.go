package expr

import (
	"strings"
	"testing"
)

// TestNexmark evaluates what the per-event queries of Nexmark ask of a bid.
func TestNexmark(t *testing.T) {
	bid := event(`{"auction":1107,"bidder":2001,"price":18350000,"channel":"channel-7","url":"https://www.nexmark.com/a/bc/d/item.htm?query=1&channel_id=17",` +
		`"dateTime":"2026-11-25T08:15:30.250Z","extra":"accbc"}`)
	for line := range strings.Lines(`
		0.908 * price ⇒ 16661800
		MOD(auction, 123) = 0 ⇒ true
		DATE_FORMAT(_time, 'yyyy-MM-dd') ⇒ "2023-11-14"
		CASE WHEN HOUR(_time) BETWEEN 8 AND 18 THEN 'dayTime' WHEN HOUR(_time) <= 6 OR HOUR(_time) >= 20 THEN 'nightTime' ELSE 'otherTime' END ⇒ "nightTime"
		LENGTH(extra) - LENGTH(REPLACE(extra, 'c', '')) ⇒ 3
		0.908 * price > 1000000 AND 0.908 * price < 50000000 ⇒ true
		CASE LOWER(channel) WHEN 'apple' THEN '0' WHEN 'google' THEN '1' ELSE REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) END ⇒ "17"
		REGEXP_EXTRACT(url, '(&|^)channel_id=([^&]*)', 2) IS NOT NULL OR LOWER(channel) IN ('apple', 'google') ⇒ true
		SPLIT_PART(url, '/', 4) || SPLIT_PART(url, '/', 5) || SPLIT_PART(url, '/', 6) ⇒ "abcd"
		CAST(dateTime AS TIMESTAMP) >= _time ⇒ true
		ROW(bidder, price, channel) ⇒ {"bidder":2001,"price":18350000,"channel":"channel-7"}
	`) {
		text, want, ok := strings.Cut(strings.TrimSpace(line), " ⇒ ")
		if !ok {
			continue
		}
		b, err := newBench(t, text)
		if err != nil {
			t.Fatal(err)
		}
		b.load(bid)
		if got := b.outcome(); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}
