package expr

import (
	"math"
)

// The functions of this file give equal bits on every machine: those of package math are written in
// assembly for some, and elsewhere a compiler may fuse a product with a sum. So each product here is
// rounded by float64(…), and only what IEEE 754 rounds exactly is taken from math. The polynomials
// are those of FreeBSD's msun and of Cephes. None errs by more than two units in the last place, but
// for power, where errors grow with the exponent.

// polynomial is c[0] xⁿ + c[1] xⁿ⁻¹ + … + c[n].
func polynomial(x float64, c ...float64) float64 {
	y := c[0]
	for _, k := range c[1:] {
		y = float64(y*x) + k
	}
	return y
}

const (
	ln2Hi = 6.93147180369123816490e-01
	ln2Lo = 1.90821492927058770002e-10
)

func exp(x float64) float64 {
	switch {
	case x != x || x > 709.782712893383973096:
		return math.Inf(1)
	case x < -745.133219101941108420:
		return 0
	}
	k := math.Floor(float64(x*math.Log2E) + 0.5)
	hi, lo := x-float64(k*ln2Hi), float64(k*ln2Lo)
	r := hi - lo
	t := float64(r * r)
	p := polynomial(t, 4.13813679705723846039e-08, -1.65339022054652515390e-06, 6.61375632143793436117e-05, -2.77777777770155933842e-03,
		1.66666666666666657415e-01)
	c := r - float64(t*p)
	y := 1 - ((lo - float64(r*c)/(2-c)) - hi)
	return math.Ldexp(y, int(k))
}

func ln(x float64) float64 {
	switch {
	case x < 0 || x != x:
		return math.NaN()
	case x == 0:
		return math.Inf(-1)
	}
	f, e := math.Frexp(x)
	if f < math.Sqrt2/2 {
		f *= 2
		e--
	}
	f--
	k := float64(e)
	s := f / (2 + f)
	s2 := float64(s * s)
	s4 := float64(s2 * s2)
	odd := polynomial(s4, 1.479819860511658591e-01, 1.818357216161805012e-01, 2.857142874366239149e-01, 6.666666666666735130e-01)
	even := polynomial(s4, 1.531383769920937332e-01, 2.222219843214978396e-01, 3.999999999940941908e-01)
	r := float64(s2*odd) + float64(s4*even)
	half := float64(float64(0.5*f) * f)
	return float64(k*ln2Hi) - ((half - (float64(s*(half+r)) + float64(k*ln2Lo))) - f)
}

// log10 is exact for powers of ten.
func log10(x float64) float64 {
	for n, p := range exact {
		if x == p {
			return float64(n)
		}
	}
	return float64(ln(x) * (1 / math.Ln10))
}

// power multiplies for the whole part of the exponent, and takes exp and ln for the rest.
func power(x, y float64) float64 {
	whole, part := math.Modf(math.Abs(y))
	switch {
	case y == 0 || x == 1:
		return 1
	case x == 0 && y < 0, x < 0 && part != 0:
		return math.NaN()
	case x == 0:
		return 0
	case y == 0.5:
		return math.Sqrt(x)
	case whole >= 1<<53 && x == -1:
		return 1
	case whole >= 1<<53:
		if (math.Abs(x) < 1) == (y > 0) {
			return 0
		}
		return math.Inf(1)
	}
	f, e := 1.0, 0
	if part != 0 {
		f, e = math.Frexp(exp(float64(part * ln(x))))
	}
	base, scale := math.Frexp(x)
	for n := int64(whole); n != 0; n >>= 1 {
		if scale < -1<<12 || scale > 1<<12 {
			e += scale // far outside: what is left only leads further
			break
		}
		if n&1 == 1 {
			f = float64(f * base)
			e += scale
		}
		base = float64(base * base)
		if scale *= 2; base < 0.5 {
			base *= 2
			scale--
		}
	}
	if y < 0 {
		return math.Ldexp(1/f, -e)
	}
	return math.Ldexp(f, e)
}

// octant gives x, not below zero, as j quarters of pi, an even number modulo 8, and the rest.
func octant(x float64) (j uint64, rest float64) {
	if x >= 1<<29 {
		return octantFar(x)
	}
	j = uint64(float64(x * (4 / math.Pi)))
	j += j & 1
	y := float64(j)
	rest = x - float64(y*7.85398125648498535156e-1)
	rest -= float64(y * 3.77489470793079817668e-8)
	rest -= float64(y * 2.69515142907905952645e-15)
	return j & 7, rest
}

// octantFar multiplies with those 192 bits of 4/pi that matter: bits before them give multiples of 8.
func octantFar(x float64) (j uint64, rest float64) {
	f, e := math.Frexp(x)
	at := e - 53 - 2 + 63
	var w wide
	for i := range 3 {
		k, shift := (at+64*i)/64, uint(at%64)
		w[2-i] = fourOverPi[k]<<shift | fourOverPi[k+1]>>(64-shift)
	}
	w, _ = w.times(uint64(math.Ldexp(f, 53)))
	j = w[2] >> 61
	w[2], w[3] = w[2]&(1<<61-1), 0
	n := w.len()
	top := w.left(256 - n)[3]
	rest = math.Ldexp(float64(top), n-64-189)
	if j&1 == 1 {
		j = (j + 1) & 7
		rest--
	}
	return j, float64(rest * (math.Pi / 4))
}

// fourOverPi are the bits of 4/pi; the first 64 are its whole part.
var fourOverPi = [...]uint64{ // read-only
	0x0000000000000001, 0x45f306dc9c882a53, 0xf84eafa3ea69bb81, 0xb6c52b3278872083, 0xfca2c757bd778ac3, 0x6e48dc74849ba5c0,
	0x0c925dd413a32439, 0xfc3bd63962534e7d, 0xd1046bea5d768909, 0xd338e04d68befc82, 0x7323ac7306a673e9, 0x3908bf177bf25076,
	0x3ff12fffbc0b301f, 0xde5e2316b414da3e, 0xda6cfd9e4f96136e, 0x9e8c7ecd3cbfd45a, 0xea4f758fd7cbe2f6, 0x7a0e73ef14a525d4,
	0xd7f6bf623f1aba10, 0xac06608df8f6d757, 0,
}

// sinNear and cosNear are good within a quarter of pi.
func sinNear(z float64) float64 {
	zz := float64(z * z)
	p := polynomial(zz, 1.58962301576546568060e-10, -2.50507477628578072866e-8, 2.75573136213857245213e-6, -1.98412698295895385996e-4,
		8.33333333332211858878e-3, -1.66666666666666307295e-1)
	return z + float64(float64(z*zz)*p)
}

func cosNear(z float64) float64 {
	zz := float64(z * z)
	p := polynomial(zz, -1.13585365213876817300e-11, 2.08757008419747316778e-9, -2.75573141792967388112e-7, 2.48015872888517045348e-5,
		-1.38888888888730564116e-3, 4.16666666666665929218e-2)
	return 1 - float64(0.5*zz) + float64(float64(zz*zz)*p)
}

func sin(x float64) float64 {
	j, z := octant(math.Abs(x))
	y := sinNear(z)
	if j&2 != 0 {
		y = cosNear(z)
	}
	if (x < 0) != (j > 3) {
		return -y
	}
	return y
}

func cos(x float64) float64 {
	j, z := octant(math.Abs(x))
	y := cosNear(z)
	if j&2 != 0 {
		y = -sinNear(z)
	}
	if j > 3 {
		return -y
	}
	return y
}

func tan(x float64) float64 {
	j, z := octant(math.Abs(x))
	zz := float64(z * z)
	y := z
	if zz > 1e-14 {
		p := polynomial(zz, -1.30936939181383777646e4, 1.15351664838587416140e6, -1.79565251976484877988e7)
		q := polynomial(zz, 1, 1.36812963470692954678e4, -1.32089234440210967447e6, 2.50083801823357915839e7, -5.38695755929454629881e7)
		y = z + float64(z*(float64(zz*p)/q))
	}
	if j&2 != 0 {
		y = -1 / y
	}
	if x < 0 {
		return -y
	}
	return y
}

func atan(x float64) float64 {
	const more = 6.123233995736765886130e-17 // what pi/2 has beyond a DOUBLE
	a := math.Abs(x)
	switch {
	case a <= 0.66:
		a = atanNear(a)
	case a > 2.41421356237309504880:
		a = math.Pi/2 - atanNear(1/a) + more
	default:
		a = math.Pi/4 + atanNear((a-1)/(a+1)) + 0.5*more
	}
	return math.Copysign(a, x)
}

func atanNear(x float64) float64 {
	z := float64(x * x)
	p := polynomial(z, -8.750608600031904122785e-01, -1.615753718733365076637e+01, -7.500855792314704667340e+01, -1.228866684490136173410e+02,
		-6.485021904942025371773e+01)
	q := polynomial(z, 1, 2.485846490142306297962e+01, 1.650270098316988542046e+02, 4.328810604912902668951e+02, 4.853903996359136964868e+02,
		1.945506571482613964425e+02)
	return float64(x*(float64(z*p)/q)) + x
}

func asin(x float64) float64 {
	a := math.Abs(x)
	if a > 1 {
		return math.NaN()
	}
	c := math.Sqrt(float64((1 - a) * (1 + a)))
	if a > 0.7 {
		a = math.Pi/2 - atan(c/a)
	} else {
		a = atan(a / c)
	}
	return math.Copysign(a, x)
}

func acos(x float64) float64 { return math.Pi/2 - asin(x) }

func atan2(y, x float64) float64 {
	switch {
	case y == 0 && x >= 0:
		return 0
	case y == 0:
		return math.Pi
	case x == 0:
		return math.Copysign(math.Pi/2, y)
	}
	q := atan(y / x)
	switch {
	case x >= 0:
		return q
	case y > 0:
		return q + math.Pi
	}
	return q - math.Pi
}
