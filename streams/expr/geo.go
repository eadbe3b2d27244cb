package expr

import "math"

// geoFunctions work on degrees of latitude and longitude.
var geoFunctions = []function{ // read-only
	{name: "HAVERSINE", takes: "nnnn", form: "HAVERSINE(lat, lon, lat, lon)", result: isDouble, call: func(_ *Row, a []Value) Value {
		return OfDouble(haversine(degrees(a)))
	}},
	{name: "GEO_NEAR", takes: "nnnnn", form: "GEO_NEAR(lat, lon, lat, lon, metres)", result: isBoolean, call: func(_ *Row, a []Value) Value {
		metres, _ := a[4].Number()
		p := degrees(a)
		if math.Abs(p[0]-p[2])*metresPerDegree > metres {
			return OfBoolean(false)
		}
		return OfBoolean(haversine(p) <= metres)
	}},
	{name: "GEOHASH", takes: "nni", form: "GEOHASH(lat, lon, characters)", result: isString, call: geohash},
	{name: "GEO_INSIDE", takes: "nnS", form: "GEO_INSIDE(lat, lon, 'GeoJSON')", result: isBoolean, prepare: prepareInside},
	{name: "GEO_CELL", takes: "nni", form: "GEO_CELL(lat, lon, level)", result: isString, call: geoCell},
	{name: "GEO_PARENT", takes: "s|i", form: "GEO_PARENT(cell, level)", result: isString, call: geoParent},
	{name: "GEO_NEIGHBOURS", takes: "s", form: "GEO_NEIGHBOURS(cell)", result: isJSON, call: geoNeighbours},
}

const (
	earthMetres     = 6_371_008.8 // the mean radius
	metresPerDegree = 111_195     // along a meridian, rounded down
	perDegree       = math.Pi / 180
)

// degrees are two places.
func degrees(a []Value) (p [4]float64) {
	for i := range p {
		p[i], _ = a[i].Number()
	}
	return p
}

// haversine is the distance of two places on a sphere, in metres.
func haversine(p [4]float64) float64 {
	lat1, lat2 := float64(p[0]*perDegree), float64(p[2]*perDegree)
	s := sin(float64((lat2 - lat1) / 2))
	t := sin(float64(float64((p[3]-p[1])*perDegree) / 2))
	h := float64(s*s) + float64(float64(cos(lat1)*cos(lat2))*float64(t*t))
	return float64(2 * earthMetres * asin(math.Sqrt(min(h, 1))))
}

// onEarth says whether there is such a place.
func onEarth(a []Value) (lat, lon float64, ok bool) {
	lat, _ = a[0].Number()
	lon, _ = a[1].Number()
	return lat, lon, math.Abs(lat) <= 90 && math.Abs(lon) <= 180
}

// geohash halves longitude and latitude in turns, five bits a character.
func geohash(r *Row, a []Value) Value {
	const digits = "0123456789bcdefghjkmnpqrstuvwxyz"
	lat, lon, ok := onEarth(a)
	n := a[2].Integer()
	if !ok || n < 1 || n > 12 {
		return r.mistype()
	}
	x, y := [2]float64{-180, 180}, [2]float64{-90, 90}
	b := r.Text.open()
	even, code := true, 0
	for i := range 5 * n {
		code <<= 1
		if even && halve(&x, lon) || !even && halve(&y, lat) {
			code |= 1
		}
		if even = !even; i%5 == 4 {
			b = append(b, digits[code])
			code = 0
		}
	}
	return r.made(b)
}

// halve keeps the half that v is in, and says whether it is the upper.
func halve(of *[2]float64, v float64) bool {
	middle := (of[0] + of[1]) / 2
	if v >= middle {
		of[0] = middle
		return true
	}
	of[1] = middle
	return false
}

// A cell is named as a tile of the web's maps: a digit from 0 to 3 a level, its parent's name first.
const (
	levelMax = 30
	latMax   = 85.051128779806604 // where the map of the world is a square
)

func geoCell(r *Row, a []Value) Value {
	lat, lon, ok := onEarth(a)
	level := a[2].Integer()
	if !ok || level < 1 || level > levelMax {
		return r.mistype()
	}
	lat = min(max(lat, -latMax), latMax)
	s := sin(float64(lat * perDegree))
	size := float64(int64(1) << level)
	x := float64((lon + 180) / 360 * size)
	y := float64((0.5 - float64(ln((1+s)/(1-s))*(1/(4*math.Pi)))) * size)
	return r.cell(clampCell(x, size), clampCell(y, size), int(level))
}

func clampCell(v, size float64) uint64 { return uint64(min(max(math.Floor(v), 0), size-1)) }

// cell writes a name.
func (r *Row) cell(x, y uint64, level int) Value {
	return r.made(appendCell(r.Text.open(), x, y, level))
}

func appendCell(dst []byte, x, y uint64, level int) []byte {
	for i := level - 1; i >= 0; i-- {
		dst = append(dst, '0'+byte(x>>i&1|y>>i&1<<1))
	}
	return dst
}

// readCell takes a name apart.
func readCell(s string) (x, y uint64, ok bool) {
	for i := range len(s) {
		d := uint64(s[i] - '0')
		if d > 3 {
			return 0, 0, false
		}
		x, y = x<<1|d&1, y<<1|d>>1
	}
	return x, y, s != "" && len(s) <= levelMax
}

// geoParent is the cell around a cell: the next, or that of a level.
func geoParent(r *Row, a []Value) Value {
	s := a[0].Text()
	level := int64(len(s) - 1)
	if len(a) > 1 {
		level = a[1].Integer()
	}
	if _, _, ok := readCell(s); !ok || level < 1 || level > int64(len(s)) {
		return r.mistype()
	}
	return OfString(s[:level])
}

// geoNeighbours are the cells around, from the north-west in rows; there are none beyond the poles.
func geoNeighbours(r *Row, a []Value) Value {
	s := a[0].Text()
	x, y, ok := readCell(s)
	if !ok {
		return r.mistype()
	}
	size := uint64(1) << len(s)
	b := append(r.Text.open(), '[')
	for dy := range uint64(3) {
		for dx := range uint64(3) {
			nx, ny := (x+dx-1)&(size-1), y+dy-1
			if dx == 1 && dy == 1 || ny >= size {
				continue
			}
			if len(b) > 1 {
				b = append(b, ',')
			}
			b = append(appendCell(append(b, '"'), nx, ny, len(s)), '"')
		}
	}
	return OfJSON(r.Text.close(append(b, ']')))
}
