package expr

import "encoding/json"

// polygon is some rings: a place is inside if it is on one, or within an odd number of them.
type polygon [][][2]float64

// prepareInside reads the polygon once.
func prepareInside(_ *Compiler, args []*node) (func(*Row, []Value) Value, string) {
	parts, fault := readPolygons(args[2].value.Text())
	return func(_ *Row, a []Value) Value {
		lat, _ := a[0].Number()
		lon, _ := a[1].Number()
		for _, p := range parts {
			if p.holds(lon, lat) {
				return OfBoolean(true)
			}
		}
		return OfBoolean(false)
	}, fault
}

// readPolygons reads the GeoJSON of a Polygon or a MultiPolygon.
func readPolygons(text string) ([]polygon, string) {
	const form = `Write '{"type":"Polygon","coordinates":[[[10,59],[11,59],[11,60],[10,59]]]}', longitude first.`
	var g struct {
		Type        string          `json:"type"`
		Coordinates json.RawMessage `json:"coordinates"`
	}
	if json.Unmarshal([]byte(text), &g) != nil {
		return nil, "This is no GeoJSON. " + form
	}
	var all []polygon
	var err error
	switch g.Type {
	case "Polygon":
		all = make([]polygon, 1)
		err = json.Unmarshal(g.Coordinates, &all[0])
	case "MultiPolygon":
		err = json.Unmarshal(g.Coordinates, &all)
	default:
		return nil, "GEO_INSIDE takes a Polygon or a MultiPolygon. " + form
	}
	if err != nil || len(all) == 0 {
		return nil, "The coordinates are no polygon. " + form
	}
	for _, p := range all {
		for _, ring := range p {
			if len(ring) < 4 || ring[0] != ring[len(ring)-1] {
				return nil, "A ring of a polygon has at least 4 places, and ends where it begins. " + form
			}
		}
	}
	return all, ""
}

// holds says whether a place is inside; the border is.
func (p polygon) holds(x, y float64) bool {
	inside := false
	for _, ring := range p {
		for i := range ring[1:] {
			a, b := ring[i], ring[i+1]
			if y < min(a[1], b[1]) || y > max(a[1], b[1]) {
				continue
			}
			cross := float64((b[0]-a[0])*(y-a[1])) - float64((x-a[0])*(b[1]-a[1]))
			if cross == 0 && min(a[0], b[0]) <= x && x <= max(a[0], b[0]) {
				return true
			}
			if (a[1] <= y) != (b[1] <= y) && (cross > 0) != (b[1] > a[1]) {
				inside = !inside
			}
		}
	}
	return inside
}
