package expr

import "math"

// mathFunctions work on numbers.
var mathFunctions = []function{ // read-only
	{name: "ABS", takes: "n", form: "ABS(number)", result: Type{}, call: func(_ *Row, a []Value) Value {
		if compareNumbers(a[0], OfInteger(0)) >= 0 {
			return a[0]
		}
		v, _ := negate(a[0])
		return v
	}},
	{name: "SIGN", takes: "n", form: "SIGN(number)", result: isInteger, call: func(_ *Row, a []Value) Value {
		return OfInteger(int64(compareNumbers(a[0], OfInteger(0))))
	}},
	{name: "ROUND", takes: "n|i", form: "ROUND(number, digits)", result: Type{}, call: round},
	{name: "FLOOR", takes: "n", form: "FLOOR(number)", result: Type{}, call: func(_ *Row, a []Value) Value { return whole(a[0], math.Floor, -1) }},
	{name: "CEIL", takes: "n", form: "CEIL(number)", result: Type{}, call: func(_ *Row, a []Value) Value { return whole(a[0], math.Ceil, 1) }},
	{name: "TRUNC", takes: "n", form: "TRUNC(number)", result: Type{}, call: func(_ *Row, a []Value) Value { return whole(a[0], math.Trunc, 0) }},
	{name: "MOD", takes: "nn", form: "MOD(number, by)", result: Type{}, call: func(_ *Row, a []Value) Value {
		v, _ := arithmetic('%', a[0], a[1])
		return v
	}},
	{name: "DIV", takes: "nn", form: "DIV(number, by)", result: Type{}, call: func(_ *Row, a []Value) Value {
		v, _ := arithmetic('\\', a[0], a[1])
		return v
	}},
	{name: "POWER", takes: "nn", form: "POWER(number, exponent)", result: isDouble, call: twoDoubles(power)},
	{name: "SQRT", takes: "n", form: "SQRT(number)", result: isDouble, call: oneDouble(math.Sqrt)},
	{name: "EXP", takes: "n", form: "EXP(number)", result: isDouble, call: oneDouble(exp)},
	{name: "LN", takes: "n", form: "LN(number)", result: isDouble, call: oneDouble(ln)},
	{name: "LOG10", takes: "n", form: "LOG10(number)", result: isDouble, call: oneDouble(log10)},
	{name: "SIN", takes: "n", form: "SIN(radians)", result: isDouble, call: oneDouble(sin)},
	{name: "COS", takes: "n", form: "COS(radians)", result: isDouble, call: oneDouble(cos)},
	{name: "TAN", takes: "n", form: "TAN(radians)", result: isDouble, call: oneDouble(tan)},
	{name: "ASIN", takes: "n", form: "ASIN(number)", result: isDouble, call: oneDouble(asin)},
	{name: "ACOS", takes: "n", form: "ACOS(number)", result: isDouble, call: oneDouble(acos)},
	{name: "ATAN2", takes: "nn", form: "ATAN2(y, x)", result: isDouble, call: twoDoubles(atan2)},
	{name: "PI", takes: "", form: "PI()", result: isDouble, call: func(*Row, []Value) Value { return OfDouble(math.Pi) }},
	{name: "GREATEST", takes: "x+", form: "GREATEST(a, b)", result: Type{}, open: true, call: func(r *Row, a []Value) Value { return r.extreme(a, 1) }},
	{name: "LEAST", takes: "x+", form: "LEAST(a, b)", result: Type{}, open: true, call: func(r *Row, a []Value) Value { return r.extreme(a, -1) }},
}

func oneDouble(f func(float64) float64) func(*Row, []Value) Value {
	return func(_ *Row, a []Value) Value {
		x, _ := a[0].Number()
		return OfDouble(f(x))
	}
}

func twoDoubles(f func(x, y float64) float64) func(*Row, []Value) Value {
	return func(_ *Row, a []Value) Value {
		x, _ := a[0].Number()
		y, _ := a[1].Number()
		return OfDouble(f(x, y))
	}
}

// round rounds half away from zero, by the digits that a DOUBLE is written with.
func round(_ *Row, a []Value) Value {
	v, digits := a[0], int64(0)
	if len(a) > 1 {
		digits = min(max(a[1].Integer(), -400), 400)
	}
	if v.kind != Double {
		d := v.decimal()
		if digits >= int64(d.scale) {
			return v
		}
		if digits < -digitsMax {
			d.magnitude = wide{}
		} else {
			d, _ = d.rescale(int(digits))
		}
		return roundedWhole(v, d)
	}
	if digits < 0 {
		p := power(10, float64(-digits))
		return OfDouble(float64(math.Round(v.Double()/p) * p))
	}
	d := v.written()
	if int64(d.scale) <= digits {
		return v
	}
	if int64(d.scale)-digits > 78 {
		return OfDouble(0)
	}
	d, _ = d.rescale(int(digits))
	if d.scale > digitsMax {
		return v
	}
	return OfDouble(d.float())
}

// roundedWhole gives an exact number as the kind that v is, without a negative scale.
func roundedWhole(v Value, d decimal) Value {
	if d.scale < 0 {
		d, _ = d.rescale(0)
	}
	if v.kind == Integer {
		if i, ok := d.integer(); ok {
			return OfInteger(i)
		}
		return OfDouble(d.float())
	}
	w, ok := d.value(digitsMax)
	if !ok {
		return OfDouble(d.float())
	}
	return w
}

// whole takes the fraction away; to -1 rounds down, 1 up, 0 to zero.
func whole(v Value, double func(float64) float64, to int) Value {
	switch v.kind {
	case Double:
		return OfDouble(double(v.Double()))
	case Decimal:
		d := v.decimal()
		power, _ := wide{1}.timesPower(d.scale)
		q, r := d.magnitude.divide(power)
		if !r.zero() && (to > 0 && !d.negative || to < 0 && d.negative) {
			q = q.plus(wide{1})
		}
		return roundedWhole(v, decimal{magnitude: q, negative: d.negative})
	}
	return v
}

// extreme is the largest or the least, of values that can be compared; NULLs are passed over.
func (r *Row) extreme(a []Value, sign int) Value {
	var best Value
	for _, v := range a {
		switch {
		case v.kind == Null:
		case best.kind == Null:
			best = v
		case ranks[v.kind] != ranks[best.kind]:
			return r.mistype()
		case Compare(v, best) == sign:
			best = v
		}
	}
	return best
}
