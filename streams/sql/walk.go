package sql

// Walk calls visit for e and, where it says true, for the expressions within, in the order of the
// text. A nil e is nothing.
func Walk(e Expr, visit func(Expr) bool) {
	if e == nil || !visit(e) {
		return
	}
	switch e := e.(type) {
	case *Call:
		for i := range e.Args {
			Walk(e.Args[i].Expr, visit)
		}
		Walk(e.Filter, visit)
		Walk(e.By, visit)
	case *Unary:
		Walk(e.X, visit)
	case *Binary:
		Walk(e.Left, visit)
		Walk(e.Right, visit)
	case *Is:
		Walk(e.X, visit)
		Walk(e.From, visit)
	case *Between:
		Walk(e.X, visit)
		Walk(e.Low, visit)
		Walk(e.High, visit)
	case *In:
		Walk(e.X, visit)
		for _, x := range e.List {
			Walk(x, visit)
		}
	case *Like:
		Walk(e.X, visit)
		Walk(e.Pattern, visit)
	case *Cast:
		Walk(e.X, visit)
	case *Case:
		Walk(e.Subject, visit)
		for i := range e.Whens {
			Walk(e.Whens[i].If, visit)
			Walk(e.Whens[i].Then, visit)
		}
		Walk(e.Else, visit)
	}
}
