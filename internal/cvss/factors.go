package cvss

// Factor is one risk factor of a vulnerability: a base metric in words for people.
type Factor struct {
	Metric string // "AV"
	Name   string // "attack vector"
	Value  string // "N"
	Word   string // "network"
}

// Factors lists the base metrics in the order of the specification.
func (v Vector) Factors() []Factor {
	metrics := v.baseMetrics()
	if len(metrics) == 0 {
		return nil
	}
	factors := make([]Factor, len(metrics))
	for i, m := range metrics {
		value := v.metric(m)
		factors[i] = Factor{Metric: m, Name: v.name(m), Value: value, Word: v.word(m, value)}
	}
	return factors
}

func (v Vector) baseMetrics() []string {
	switch v.version {
	case v2:
		return []string{"AV", "AC", "Au", "C", "I", "A"}
	case v30, v31:
		return []string{"AV", "AC", "PR", "UI", "S", "C", "I", "A"}
	case v4:
		return []string{"AV", "AC", "AT", "PR", "UI", "VC", "VI", "VA", "SC", "SI", "SA"}
	}
	return nil
}

func (v Vector) name(metric string) string {
	switch metric {
	case "AV":
		if v.version == v2 {
			return "access vector"
		}
		return "attack vector"
	case "AC":
		if v.version == v2 {
			return "access complexity"
		}
		return "attack complexity"
	case "Au":
		return "authentication"
	case "AT":
		return "attack requirements"
	case "PR":
		return "privileges required"
	case "UI":
		return "user interaction"
	case "S":
		return "scope"
	case "C":
		return "confidentiality impact"
	case "I":
		return "integrity impact"
	case "A":
		return "availability impact"
	case "VC":
		return "confidentiality impact on the vulnerable system"
	case "VI":
		return "integrity impact on the vulnerable system"
	case "VA":
		return "availability impact on the vulnerable system"
	case "SC":
		return "confidentiality impact on subsequent systems"
	case "SI":
		return "integrity impact on subsequent systems"
	case "SA":
		return "availability impact on subsequent systems"
	}
	return ""
}

// word names a value. A letter mostly means the same in all versions, but not for all metrics.
func (v Vector) word(metric, value string) string {
	switch metric + ":" + value {
	case "AV:N":
		return "network"
	case "AV:A":
		if v.version == v2 {
			return "adjacent network"
		}
		return "adjacent"
	case "AV:P":
		return "physical"
	case "AV:L":
		return "local"
	case "Au:S":
		return "single"
	case "Au:M":
		return "multiple"
	case "AT:P":
		return "present"
	case "UI:P":
		return "passive"
	case "UI:A":
		return "active"
	case "UI:R":
		return "required"
	case "S:U":
		return "unchanged"
	case "S:C":
		return "changed"
	}
	switch value {
	case "N":
		return "none"
	case "L":
		return "low"
	case "M":
		return "medium"
	case "H":
		return "high"
	case "P":
		return "partial"
	case "C":
		return "complete"
	}
	return ""
}
