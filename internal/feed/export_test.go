package feed

// CheckForm is checkForm.
var CheckForm = checkForm

// Next reads an index that came from the URL at.
func (s Step) Next(at, text string) (to, sha256 string, err error) {
	t, err := s.next(at, text)
	return t.url, t.sha256, err
}
