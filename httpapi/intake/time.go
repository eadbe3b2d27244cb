package intake

import (
	"math"
	"strconv"
)

// What is wrong with a time.
const (
	wantTime  = "want RFC 3339, as in 2026-11-22T06:41:51.9Z, or a number of Unix milliseconds"
	wantRange = "want a time between the years 1677 and 2262"
)

// parseTime reads RFC 3339 with at most nine decimals as Unix nanoseconds. A non-empty why says
// what would be right.
func parseTime(b []byte) (unixNano int64, why string) {
	const shape = "0000-00-00T00:00:00"
	if len(b) < len(shape)+1 {
		return 0, wantTime
	}
	var part [6]int64
	n := 0
	for i := range len(shape) {
		switch c := b[i]; {
		case shape[i] != '0':
			if c != shape[i] {
				return 0, wantTime
			}
			n++
		case c < '0' || c > '9':
			return 0, wantTime
		default:
			part[n] = part[n]*10 + int64(c-'0')
		}
	}
	year, month, day, hour, minute, second := part[0], part[1], part[2], part[3], part[4], part[5]
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) || hour > 23 || minute > 59 || second > 59 {
		return 0, wantTime
	}
	nano, rest, ok := parseFraction(b[len(shape):])
	if !ok {
		return 0, wantTime
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return 0, wantTime
	}
	seconds := daysTo(year, month, day)*86400 + hour*3600 + minute*60 + second - offset
	return nanos(seconds, nano)
}

// parseFraction reads a point and one to nine digits, if a point is there.
func parseFraction(b []byte) (nano int64, rest []byte, ok bool) {
	if b[0] != '.' {
		return 0, b, true
	}
	i := 1
	for scale := int64(100_000_000); i < len(b) && b[i]-'0' <= 9; i++ {
		if scale == 0 {
			return 0, nil, false
		}
		nano += int64(b[i]-'0') * scale
		scale /= 10
	}
	return nano, b[i:], i > 1
}

// parseOffset reads Z or +hh:mm as seconds east.
func parseOffset(b []byte) (int64, bool) {
	if len(b) == 1 && b[0] == 'Z' {
		return 0, true
	}
	if len(b) != len("+00:00") || b[3] != ':' || b[0] != '+' && b[0] != '-' {
		return 0, false
	}
	for _, i := range [...]int{1, 2, 4, 5} {
		if b[i] < '0' || b[i] > '9' {
			return 0, false
		}
	}
	hour, minute := int64(b[1]-'0')*10+int64(b[2]-'0'), int64(b[4]-'0')*10+int64(b[5]-'0')
	if hour > 23 || minute > 59 {
		return 0, false
	}
	offset := hour*3600 + minute*60
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}

func daysIn(year, month int64) int64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysTo counts the days from 1970-01-01 to a date of our calendar. The year is taken to begin in
// March, so that the leap day is its last, and 153 days are five months.
func daysTo(year, month, day int64) int64 {
	if month <= 2 {
		year, month = year-1, month+12
	}
	if year < 0 {
		year, day = year+400, day-146_097
	}
	return year*365 + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 1 - 719_468
}

// nanos joins seconds and nanoseconds if the sum can be held.
func nanos(seconds, nano int64) (int64, string) {
	const most = math.MaxInt64 / 1_000_000_000
	if seconds < -most-1 || seconds > most {
		return 0, wantRange
	}
	if seconds < 0 { // so that the product cannot run over when the sum would not
		seconds, nano = seconds+1, nano-1_000_000_000
	}
	whole := seconds * 1_000_000_000
	sum := whole + nano
	if nano < 0 && sum > whole || nano > 0 && sum < whole {
		return 0, wantRange
	}
	return sum, ""
}

// parseMillis reads a JSON number of Unix milliseconds. Decimals count down to the nanosecond.
func parseMillis(b []byte) (unixNano int64, why string) {
	i, negative := 0, false
	if len(b) > 0 && b[0] == '-' {
		i, negative = 1, true
	}
	from, whole := i, int64(0)
	for ; i < len(b) && b[i]-'0' <= 9; i++ {
		if whole = whole*10 + int64(b[i]-'0'); whole > math.MaxInt64/1_000_000 {
			return parseMillisFloat(b)
		}
	}
	if i == from {
		return 0, wantTime
	}
	whole *= 1_000_000
	if i < len(b) && b[i] == '.' {
		i++
		for scale := int64(100_000); i < len(b) && b[i]-'0' <= 9; i++ {
			whole += int64(b[i]-'0') * scale
			scale /= 10
		}
	}
	if i < len(b) {
		return parseMillisFloat(b)
	}
	if whole < 0 { // past the end of what can be held
		return 0, wantRange
	}
	if negative {
		whole = -whole
	}
	return whole, ""
}

// parseMillisFloat reads what has an exponent, or too many digits.
func parseMillisFloat(b []byte) (int64, string) {
	if len(b) > 64 {
		return 0, wantRange
	}
	f, err := strconv.ParseFloat(string(b), 64)
	if err != nil && math.IsInf(f, 0) {
		return 0, wantRange
	}
	if err != nil {
		return 0, wantTime
	}
	return floatMillis(f)
}

func floatMillis(f float64) (int64, string) {
	f = math.Round(f * 1e6)
	if !(f > math.MinInt64 && f < math.MaxInt64) {
		return 0, wantRange
	}
	return int64(f), ""
}
