package node

import (
	"encoding/json"
	"strings"
)

// declared gives the licences of a manifest: of "license", which is an SPDX expression today and was an object with
// a type, or of the older list "licenses". Words that are no licence (UNLICENSED, SEE LICENSE IN x) stay as they are.
func declared(license, licenses []byte) []string {
	if list := licensesOf(license); len(list) > 0 {
		return list
	}
	return licensesOf(licenses)
}

func licensesOf(value []byte) []string {
	if len(value) == 0 || len(value) > maxValue {
		return nil
	}
	if value[0] == '"' {
		return appendLicense(nil, unquote(value))
	}
	var v any
	if value[0] != '{' && value[0] != '[' || json.Unmarshal(value, &v) != nil {
		return nil
	}
	elements, ok := v.([]any)
	if !ok {
		elements = []any{v}
	}
	var list []string
	for _, e := range elements {
		switch e := e.(type) {
		case string:
			list = appendLicense(list, e)
		case map[string]any:
			text, _ := e["type"].(string)
			if text == "" {
				text, _ = e["name"].(string)
			}
			list = appendLicense(list, text)
		}
	}
	return list
}

func appendLicense(list []string, text string) []string {
	if text = strings.TrimSpace(text); text != "" {
		list = append(list, text)
	}
	return list
}
