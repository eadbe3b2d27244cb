package expr

import (
	"math/big"
	"math/rand/v2"
	"testing"
)

func bigOf(v any) *big.Rat {
	if i, ok := v.(int64); ok {
		return new(big.Rat).SetInt64(i)
	}
	return new(big.Rat).SetFloat64(v.(float64))
}

// bigArithmetic gives the exact result, if it has 64 bits.
func bigArithmetic(op string, a, b int64) (int64, bool) {
	x, y, z := big.NewInt(a), big.NewInt(b), new(big.Int)
	switch op {
	case "+":
		z.Add(x, y)
	case "-":
		z.Sub(x, y)
	case "*":
		z.Mul(x, y)
	case "%":
		z.Rem(x, y)
	}
	return z.Int64(), z.IsInt64()
}

// roundTo rounds an exact number half away from zero.
func roundTo(x *big.Rat, scale int) *big.Rat {
	power := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(scale)), nil))
	y := new(big.Rat).Mul(new(big.Rat).Abs(x), power)
	y.Add(y, big.NewRat(1, 2))
	whole := new(big.Int).Quo(y.Num(), y.Denom())
	if x.Sign() < 0 {
		whole.Neg(whole)
	}
	return new(big.Rat).Quo(new(big.Rat).SetInt(whole), power)
}

func someDecimal(r *rand.Rand) Value {
	for {
		d := decimal{magnitude: wideOf(r.Uint64()>>r.IntN(64), r.Uint64()), scale: r.IntN(digitsMax + 1), negative: r.IntN(2) == 0}
		if r.IntN(2) == 0 {
			d.magnitude = wide{r.Uint64() >> r.IntN(64)}
		}
		if v, ok := d.value(digitsMax); ok {
			return v
		}
	}
}

// TestDecimals holds arithmetic to exact numbers of the standard library.
func TestDecimals(t *testing.T) {
	r := rand.New(rand.NewPCG(31, 32))
	exactly := 0
	for range 20_000 {
		a, b := someDecimal(r), someDecimal(r)
		if r.IntN(4) == 0 {
			b = OfInteger(someInteger(r))
		}
		x, y := rational(a), rational(b)
		for _, op := range "+-*/%\\" {
			got, ok := arithmetic(byte(op), a, b)
			if !ok {
				t.Fatalf("%s %c %s: no number", show(a), op, show(b))
			}
			if y.Sign() == 0 && op != '+' && op != '-' && op != '*' {
				if !got.IsNull() {
					t.Fatalf("%s %c %s: %s", show(a), op, show(b), show(got))
				}
				continue
			}
			want := new(big.Rat)
			switch op {
			case '+':
				want.Add(x, y)
			case '-':
				want.Sub(x, y)
			case '*':
				want.Mul(x, y)
			default:
				want.Quo(x, y)
			}
			if op == '%' || op == '\\' {
				whole := new(big.Rat).SetInt(new(big.Int).Quo(want.Num(), want.Denom()))
				if want = whole; op == '%' {
					want = new(big.Rat).Sub(x, new(big.Rat).Mul(whole, y))
				}
			}
			if got.Kind() == Double {
				near, _ := want.Float64()
				if f := got.Double(); op != '%' && (f-near > 1e-12*max(near, -near) || near-f > 1e-12*max(near, -near)) {
					t.Fatalf("%s %c %s: %s, want %v", show(a), op, show(b), show(got), near)
				}
				continue
			}
			exactly++
			_, _, scale := got.Decimal()
			if want = roundTo(want, scale); want.Cmp(rational(got)) != 0 {
				t.Fatalf("%s %c %s: %s, want %s", show(a), op, show(b), show(got), want.FloatString(40))
			}
		}
	}
	if exactly < 50_000 {
		t.Fatalf("only %d results were exact", exactly)
	}
}

// TestDecimalText reads what is written, and rounds as exact numbers do.
func TestDecimalText(t *testing.T) {
	r := rand.New(rand.NewPCG(41, 42))
	for range 20_000 {
		v := someDecimal(r)
		text := string(appendText(nil, v))
		if r.IntN(2) == 0 {
			text += []string{"e0", "e-3", "E+2"}[r.IntN(3)]
		}
		to := Type{Kind: Decimal, Precision: digitsMax, Scale: r.IntN(digitsMax + 1)}
		if d := readDecimalText(text); r.IntN(2) == 0 && d.scale >= 0 && d.scale <= digitsMax {
			to.Scale = d.scale
		}
		want, _ := new(big.Rat).SetString(text)
		want = roundTo(want, to.Scale)
		got, ok := castNumber(text, to)
		limit := new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(digitsMax-to.Scale)), nil))
		if fits := new(big.Rat).Abs(want).Cmp(limit) < 0; ok != fits {
			t.Fatalf("%s as %s: %v, want %v", text, to, ok, fits)
		}
		if ok && rational(got).Cmp(want) != 0 {
			t.Fatalf("%s as %s: %s", text, to, show(got))
		}
		f, _ := rational(v).Float64()
		if g, _ := v.Number(); g != f {
			t.Fatalf("%s is near %v, not %v", show(v), f, g)
		}
	}
}
