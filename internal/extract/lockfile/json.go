package lockfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// reader walks through a JSON file, decoding one small value after the other.
type reader struct {
	dec   *json.Decoder
	found *pins
}

var errBehind = errors.New("bytes behind the JSON value")

// readJSON reads an object, calling member for each of its members. It must consume the value.
func readJSON(b []byte, found *pins, member func(r *reader, key string) error) error {
	r := &reader{dec: json.NewDecoder(bytes.NewReader(b)), found: found}
	if err := r.members(func(key string) error { return member(r, key) }); err != nil {
		return err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return errBehind
	}
	return nil
}

// members reads an object.
func (r *reader) members(member func(key string) error) error {
	return r.each('{', func() error {
		key, err := r.dec.Token()
		if err != nil {
			return err
		}
		name, _ := key.(string)
		return member(name)
	})
}

// elements reads an array.
func (r *reader) elements(element func() error) error { return r.each('[', element) }

func (r *reader) each(open json.Delim, one func() error) error {
	start, err := r.dec.Token()
	if err != nil {
		return err
	}
	if start != open {
		return errForm
	}
	for r.dec.More() {
		if err := one(); err != nil {
			return err
		}
	}
	_, err = r.dec.Token()
	return err
}

// value decodes one value. One of another type is counted, and false; the rest can be read.
func (r *reader) value(into any) (ok bool, err error) {
	err = r.dec.Decode(into)
	if _, wrongType := errors.AsType[*json.UnmarshalTypeError](err); wrongType {
		r.found.odd++
		return false, nil
	}
	return err == nil, err
}

func (r *reader) skip() error {
	var skipped json.RawMessage
	return r.dec.Decode(&skipped)
}
