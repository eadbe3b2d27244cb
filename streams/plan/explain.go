package plan

// Explain prints the plan.
func (p *Plan) Explain() string { return p.Name }
