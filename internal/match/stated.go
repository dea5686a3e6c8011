package match

import (
	"strings"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/inventory"
)

// stated suppresses the hits of p that options say do not count, and gives the answer without them: what does not count does not
// decide the fix either.
func (m *matcher) stated(p *inventory.Package, short finding.Package, q question, a *answer) (*answer, error) {
	if m.options.State == nil && !m.options.OnlyLinked {
		return a, nil
	}
	var without strings.Builder
	for _, h := range a.hits {
		var s *finding.Suppressed
		if m.options.State != nil {
			s = m.options.State(p, h.record)
		}
		if s == nil && m.options.OnlyLinked {
			if l := m.linked(p, h); l != nil && l.State == finding.NotLinked {
				s = &finding.Suppressed{Reason: finding.CodeNotLinked, Detail: l.Detail}
			}
		}
		if s == nil {
			continue
		}
		s.Package, s.Vulnerability, s.Severity = short, h.record.ID, h.severity
		m.out.Suppressed = append(m.out.Suppressed, *s)
		without.WriteString(h.record.ID + " ")
	}
	if without.Len() == 0 {
		return a, nil
	}
	q.without = " " + without.String()
	return m.answer(q)
}
