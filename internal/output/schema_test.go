package output_test

import (
	"bytes"
	"encoding"
	"encoding/json"
	"flag"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/sightline-sec/sightline/internal/finding"
	"github.com/sightline-sec/sightline/internal/output"
	"github.com/sightline-sec/sightline/internal/sbom/sbomtest"
	"github.com/sightline-sec/sightline/internal/vuln"
)

//go:generate go test -run TestResultSchemaIsCurrent . -update

var update = flag.Bool("update", false, "rewrite goldens and generated files")

const (
	module     = "github.com/sightline-sec/sightline/"
	root       = "../.."
	schemaFile = root + "/docs/reference/result.schema.json"
)

// The schema is generated from the Go types: their json tags, and their comments as descriptions.
func TestResultSchemaIsCurrent(t *testing.T) {
	g := generator{defs: map[string]any{}, files: map[string][]*ast.File{}}
	top := g.structure(t, reflect.TypeFor[finding.Result]())
	doc := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"},
		{"$id", "https://github.com/sightline-sec/sightline/docs/reference/result.schema.json"},
		{"title", "Result of a scan by Sightline, version " + finding.SchemaVersion},
	}
	doc = append(doc, top...)
	defs := object{}
	for _, name := range slices.Sorted(maps.Keys(g.defs)) {
		defs = append(defs, member{name, g.defs[name]})
	}
	doc = append(doc, member{"$defs", defs})
	var want bytes.Buffer
	enc := json.NewEncoder(&want)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(doc); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(schemaFile, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want.String(), string(got)); diff != "" {
		t.Errorf("not current: go generate ./internal/output (-want +got):\n%.2000s", diff)
	}
}

// object is a JSON object that keeps its order.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	b.WriteByte('{')
	for i, m := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		if err := enc.Encode(m.key); err != nil {
			return nil, err
		}
		b.WriteByte(':')
		if err := enc.Encode(m.value); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

type generator struct {
	defs  map[string]any
	files map[string][]*ast.File
}

func (g *generator) schema(t *testing.T, typ reflect.Type) object {
	switch {
	case typ.Kind() == reflect.Pointer:
		return g.schema(t, typ.Elem())
	case typ == reflect.TypeFor[time.Time]():
		return object{{"type", "string"}, {"format", "date-time"}}
	case typ == reflect.TypeFor[json.RawMessage]():
		return object{{"description", "as it stands in the image config"}}
	case typ.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return g.reference(typ, func() object { return object{{"type", "string"}, {"enum", words(typ)}} })
	}
	switch typ.Kind() {
	case reflect.Struct:
		return g.reference(typ, func() object { return g.structure(t, typ) })
	case reflect.Slice:
		return object{{"type", "array"}, {"items", g.schema(t, typ.Elem())}}
	case reflect.Map:
		return object{{"type", "object"}, {"additionalProperties", g.schema(t, typ.Elem())}}
	case reflect.String:
		if typ.PkgPath() == "" || typ.Name() == "Ecosystem" { // ecosystems are open: others are kept as a feed writes them
			return object{{"type", "string"}}
		}
		return g.reference(typ, func() object { return object{{"type", "string"}, {"enum", g.constants(t, typ)}} })
	case reflect.Bool:
		return object{{"type", "boolean"}}
	case reflect.Int, reflect.Int64:
		return object{{"type", "integer"}}
	case reflect.Float64:
		return object{{"type", "number"}}
	}
	t.Fatalf("no schema for %v", typ)
	return nil
}

// reference defines a named type once.
func (g *generator) reference(typ reflect.Type, define func() object) object {
	name := filepath.Base(typ.PkgPath()) + "." + typ.Name()
	if _, ok := g.defs[name]; !ok {
		g.defs[name] = nil // types may hold themselves
		g.defs[name] = define()
	}
	return object{{"$ref", "#/$defs/" + name}}
}

func (g *generator) structure(t *testing.T, typ reflect.Type) object {
	about, fields := g.comments(t, typ)
	var properties object
	required := []string{}
	for f := range fieldsOf(typ) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "-" {
			continue
		}
		if name == "" {
			t.Fatalf("%v.%s has no name in JSON", typ, f.Name)
		}
		s := g.schema(t, f.Type)
		optional := strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero")
		if !optional {
			required = append(required, name)
			if f.Type.Kind() == reflect.Pointer && f.Type.Elem() != reflect.TypeFor[vuln.Vulnerability]() {
				s = object{{"anyOf", []object{s, {{"type", "null"}}}}}
			}
		}
		if text := fields[f.Name]; text != "" {
			s = append(object{{"description", text}}, s...)
		}
		properties = append(properties, member{name, s})
	}
	return object{
		{"description", about}, {"type", "object"}, {"properties", properties}, {"required", required}, {"additionalProperties", false},
	}
}

func fieldsOf(typ reflect.Type) func(func(reflect.StructField) bool) {
	return typ.Fields()
}

// words are all texts of a type whose values count up from 0.
func words(typ reflect.Type) []string {
	if typ == reflect.TypeFor[vuln.Severity]() {
		var out []string
		for _, s := range vuln.Severities() {
			out = append(out, s.String())
		}
		return out
	}
	var out []string
	for s := vuln.Status(0); s.String() != "unknown"; s++ {
		out = append(out, s.String())
	}
	return out
}

func (g *generator) parse(t *testing.T, typ reflect.Type) []*ast.File {
	dir := filepath.Join(root, strings.TrimPrefix(typ.PkgPath(), module))
	if g.files[dir] == nil {
		names, err := filepath.Glob(dir + "/*.go")
		if err != nil || names == nil {
			t.Fatalf("no files in %s: %v", dir, err)
		}
		for _, name := range names {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			g.files[dir] = append(g.files[dir], f)
		}
	}
	return g.files[dir]
}

func sentence(groups ...*ast.CommentGroup) string {
	var parts []string
	for _, c := range groups {
		if s := strings.Join(strings.Fields(c.Text()), " "); s != "" {
			parts = append(parts, s)
		}
	}
	return strings.NewReplacer("[", "", "]", "").Replace(strings.Join(parts, " "))
}

// comments are the doc comment of a struct and of its fields.
func (g *generator) comments(t *testing.T, typ reflect.Type) (about string, fields map[string]string) {
	fields = map[string]string{}
	for _, f := range g.parse(t, typ) {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok {
				continue
			}
			for _, spec := range decl.Specs {
				ts, ok := spec.(*ast.TypeSpec)
				if !ok || ts.Name.Name != typ.Name() {
					continue
				}
				about = sentence(decl.Doc)
				for _, field := range ts.Type.(*ast.StructType).Fields.List {
					for _, name := range field.Names {
						fields[name.Name] = sentence(field.Doc, field.Comment)
					}
				}
			}
		}
	}
	if about == "" {
		t.Fatalf("%v has no comment", typ)
	}
	return about, fields
}

// constants are the values that are declared for a type.
func (g *generator) constants(t *testing.T, typ reflect.Type) []string {
	var out []string
	for _, f := range g.parse(t, typ) {
		for _, d := range f.Decls {
			decl, ok := d.(*ast.GenDecl)
			if !ok || decl.Tok != token.CONST {
				continue
			}
			for _, spec := range decl.Specs {
				vs := spec.(*ast.ValueSpec)
				if name, ok := vs.Type.(*ast.Ident); !ok || name.Name != typ.Name() {
					continue
				}
				for _, v := range vs.Values {
					s, err := strconv.Unquote(v.(*ast.BasicLit).Value)
					if err != nil {
						t.Fatal(err)
					}
					out = append(out, s)
				}
			}
		}
	}
	if out == nil {
		t.Fatalf("%v has no constants", typ)
	}
	return out
}

func compileSchema(t testing.TB, file string) *jsonschema.Schema {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("https://example.com/schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("https://example.com/schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t testing.TB, s *jsonschema.Schema, b []byte) {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Validate(doc); err != nil {
		t.Errorf("not valid: %.3000v", err)
	}
}

func TestJSONIsAsTheSchemaSays(t *testing.T) {
	t.Parallel()
	s := compileSchema(t, schemaFile)
	for name, r := range results() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			validate(t, s, write(t, "json", r, output.Options{}))
		})
	}
}

func TestSchemaRefusesWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	s := compileSchema(t, schemaFile)
	for name, change := range map[string]func(map[string]any){
		"new key":         func(m map[string]any) { m["surprise"] = 1 },
		"missing key":     func(m map[string]any) { delete(m, "findings") },
		"unknown word":    func(m map[string]any) { m["findings"].([]any)[0].(map[string]any)["severity"] = "dire" },
		"key of findings": func(m map[string]any) { m["findings"].([]any)[0].(map[string]any)["x"] = 1 },
		"null list":       func(m map[string]any) { m["packages"] = nil },
	} {
		var m map[string]any
		if err := json.Unmarshal(write(t, "json", sbomtest.Result("x"), output.Options{}), &m); err != nil {
			t.Fatal(err)
		}
		change(m)
		if s.Validate(m) == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// Every key that the schema names occurs in the rich result, so that the tests above looked at all of them.
func TestRichResultHasEveryKey(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Properties map[string]any
		Defs       map[string]struct{ Properties map[string]any } `json:"$defs"`
	}
	if err := json.Unmarshal(b, &schema); err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(write(t, "json", sbomtest.Result("x"), output.Options{}), &doc); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	var walk func(any)
	walk = func(v any) {
		switch v := v.(type) {
		case map[string]any:
			for k, x := range v {
				seen[k] = true
				walk(x)
			}
		case []any:
			for _, x := range v {
				walk(x)
			}
		}
	}
	walk(doc)
	keys := slices.Collect(maps.Keys(schema.Properties))
	for _, d := range schema.Defs {
		keys = slices.AppendSeq(keys, maps.Keys(d.Properties))
	}
	for _, k := range keys {
		if !seen[k] {
			t.Errorf("%s is in no test", k)
		}
	}
	if len(keys) < 100 {
		t.Errorf("only %d keys in the schema", len(keys))
	}
}
