package main

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/wxoauth/wxoauth/wxsim"
)

// A file is the content of -config. The fields are those of package wxsim, by their JSON names.
type file struct {
	Addr             string            `json:"addr"`
	OfficialAccounts []wxsim.App       `json:"official_accounts"`
	WebsiteApps      []wxsim.App       `json:"website_apps"`
	MiniPrograms     []wxsim.App       `json:"mini_programs"`
	Platforms        []wxsim.App       `json:"platforms"`
	RedirectDomains  []string          `json:"redirect_domains"`
	Users            []wxsim.User      `json:"users"`
	Switches         map[string]bool   `json:"switches"`
	Limits           limits            `json:"limits"`
	Faults           []wxsim.FaultSpec `json:"faults"`
	CORS             []string          `json:"cors"`
	Hosts            []string          `json:"hosts"`
}

// limits are limits by path. In the file they may be the word "documented", for WeChat's own.
type limits map[string]wxsim.Limit

// UnmarshalJSON reads limits by path or the word.
func (l *limits) UnmarshalJSON(data []byte) error {
	if string(data) == `"documented"` {
		*l = wxsim.DocumentedLimits()
		return nil
	}
	return json.Unmarshal(data, (*map[string]wxsim.Limit)(l))
}

// read sets the options that no flag and no variable has set from a file.
func (o *options) read(name string, given map[string]bool) error {
	data, err := os.ReadFile(name) //nolint:gosec // the user of the program names the file
	if err != nil {
		return fmt.Errorf("wxsim: -config: %w", err)
	}
	document, err := parse(data)
	if err != nil {
		return fmt.Errorf("wxsim: %s: %w", name, err)
	}
	var f file
	if err := document.decode(&f); err != nil {
		return fmt.Errorf("wxsim: %s:%w", name, err)
	}
	cfg := &o.cfg
	var paths []string // where each of cfg.Apps is in the file
	for _, list := range []struct {
		name string
		kind wxsim.Kind
		apps []wxsim.App
	}{
		{"official_accounts", wxsim.OfficialAccount, f.OfficialAccounts},
		{"website_apps", wxsim.WebsiteApp, f.WebsiteApps},
		{"mini_programs", wxsim.MiniProgram, f.MiniPrograms},
		{"platforms", wxsim.Platform, f.Platforms},
	} {
		for i, a := range list.apps {
			a.Kind = list.kind
			cfg.Apps = append(cfg.Apps, a)
			paths = append(paths, fmt.Sprintf("%s[%d]", list.name, i))
		}
	}
	if f.Addr != "" && !given["addr"] {
		cfg.Addr = f.Addr
	}
	cfg.RedirectDomains, cfg.Users, cfg.Limits = f.RedirectDomains, f.Users, f.Limits
	cfg.CORSOrigins, cfg.Hosts, o.faults = f.CORS, f.Hosts, f.Faults
	var faults []error
	for switched, on := range f.Switches {
		field := cfg.Switch(switched)
		if field == nil {
			faults = append(faults, &wxsim.FieldError{
				Field: "switches." + switched, Problem: "is no switch",
			})
		} else if !given[switched] {
			*field = on
		}
	}
	for i, spec := range f.Faults {
		_, err := spec.Fault()
		if fault, ok := errors.AsType[*wxsim.FieldError](err); ok {
			faults = append(faults, &wxsim.FieldError{
				Field: fmt.Sprintf("faults[%d].%s", i, fault.Field), Problem: fault.Problem,
			})
		}
	}
	if err := cfg.Check(); err != nil {
		faults = append(faults, err)
	}
	if len(faults) == 0 {
		return nil
	}
	return fmt.Errorf("wxsim: %w", document.explain(name, paths, errors.Join(faults...)))
}

// A document is a YAML file as JSON, with the places in the file from which its parts come.
type document struct {
	json  bytes.Buffer
	marks []mark
}

// A mark is where a value begins, in the JSON and in the file.
type mark struct {
	offset, line int
	path         string // such as users[1].openid
}

// parse turns YAML into JSON.
func parse(data []byte) (*document, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(data, &root); err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	d := new(document)
	if root.Kind == 0 { // an empty file
		d.json.WriteString("{}")
		return d, nil
	}
	if err := fit(root.Content[0], reflect.TypeFor[file](), "", 0); err != nil {
		return nil, err
	}
	return d, d.write(root.Content[0], "", 0)
}

const maxDepth = 20 // of nesting; an alias can contain itself

// fit returns an error for the first key for which a type has no field, and for the first word
// that it does not know. It makes a number a text if the type needs one.
func fit(n *yaml.Node, t reflect.Type, path string, depth int) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if depth > maxDepth {
		return fmt.Errorf("line %d: nested too deep", n.Line)
	}
	if word, ok := reflect.TypeAssert[encoding.TextUnmarshaler](reflect.New(t)); ok &&
		n.Kind == yaml.ScalarNode {
		if err := word.UnmarshalText([]byte(n.Value)); err != nil {
			return fmt.Errorf("line %d: %s %w", n.Line, path, err)
		}
	}
	if n.Kind == yaml.ScalarNode && t.Kind() == reflect.String && n.Tag != "!!null" {
		n.Tag = "!!str"
	}
	for i, child := range n.Content {
		switch {
		case n.Kind == yaml.SequenceNode && t.Kind() == reflect.Slice:
			if err := fit(child, t.Elem(), fmt.Sprintf("%s[%d]", path, i), depth+1); err != nil {
				return err
			}
		case n.Kind == yaml.MappingNode && i%2 == 1:
			name := strings.TrimPrefix(path+"."+n.Content[i-1].Value, ".")
			inner := valueType(t, n.Content[i-1].Value)
			if inner == nil {
				return fmt.Errorf("line %d: %s is unknown", n.Content[i-1].Line, name)
			}
			if err := fit(child, inner, name, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// valueType returns the type of a key's value, or nil for a key that a struct does not have.
func valueType(t reflect.Type, key string) reflect.Type {
	switch t.Kind() {
	case reflect.Map:
		return t.Elem()
	case reflect.Struct:
		for field := range t.Fields() {
			if name, _, _ := strings.Cut(field.Tag.Get("json"), ","); name == key {
				return field.Type
			}
		}
		return nil
	default:
		return reflect.TypeFor[any]() // decode says what it should be
	}
}

func (d *document) write(n *yaml.Node, path string, depth int) error {
	d.marks = append(d.marks, mark{d.json.Len(), n.Line, path})
	switch {
	case depth > maxDepth:
		return fmt.Errorf("line %d: nested too deep", n.Line)
	case n.Kind == yaml.AliasNode:
		return d.write(n.Alias, path, depth+1)
	case n.Kind == yaml.MappingNode:
		return d.writeMap(n, path, depth)
	case n.Kind == yaml.SequenceNode:
		d.json.WriteByte('[')
		for i, item := range n.Content {
			if i > 0 {
				d.json.WriteByte(',')
			}
			if err := d.write(item, fmt.Sprintf("%s[%d]", path, i), depth+1); err != nil {
				return err
			}
		}
		d.json.WriteByte(']')
		return nil
	}
	var value any
	if err := n.Decode(&value); err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	d.json.Write(text)
	return nil
}

func (d *document) writeMap(n *yaml.Node, path string, depth int) error {
	d.json.WriteByte('{')
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if seen[key.Value] {
			return fmt.Errorf("line %d: %s comes twice", key.Line,
				strings.TrimPrefix(path+"."+key.Value, "."))
		}
		seen[key.Value] = true
		if i > 0 {
			d.json.WriteByte(',')
		}
		d.marks = append(d.marks, mark{d.json.Len(), key.Line, path})
		text, err := json.Marshal(key.Value)
		if err != nil {
			return fmt.Errorf("line %d: %w", key.Line, err)
		}
		d.json.Write(text)
		d.json.WriteByte(':')
		if err := d.write(n.Content[i+1], strings.TrimPrefix(path+"."+key.Value, "."),
			depth+1); err != nil {
			return err
		}
	}
	d.json.WriteByte('}')
	return nil
}

// decode reads the document into a struct. Its error begins with the line.
func (d *document) decode(into any) error {
	err := json.Unmarshal(d.json.Bytes(), into)
	if err == nil {
		return nil
	}
	wrong, ok := errors.AsType[*json.UnmarshalTypeError](err)
	if !ok {
		return fmt.Errorf("1: %w", err)
	}
	at := d.marks[0]
	for _, m := range d.marks {
		if int64(m.offset) < wrong.Offset {
			at = m
		}
	}
	return fmt.Errorf("%d: %s: unexpected %s", at.line, at.path, wrong.Value)
}

// explain adds file and line to each fault.
func (d *document) explain(name string, apps []string, err error) error {
	var joined interface{ Unwrap() []error }
	if errors.As(err, &joined) {
		var faults []error
		for _, one := range joined.Unwrap() {
			faults = append(faults, d.explain(name, apps, one))
		}
		return errors.Join(faults...)
	}
	fault, ok := errors.AsType[*wxsim.FieldError](err)
	if !ok {
		return err
	}
	field := fault.Field
	for i, path := range apps {
		if rest, ok := strings.CutPrefix(field, fmt.Sprintf("apps[%d].", i)); ok {
			field = path + "." + rest
		}
	}
	nearest := mark{line: 1}
	for _, m := range d.marks {
		holds := m.path == field || strings.HasPrefix(field, m.path+".") ||
			strings.HasPrefix(field, m.path+"[")
		if holds && len(m.path) > len(nearest.path) {
			nearest = m
		}
	}
	return fmt.Errorf("%s:%d: %s %s", name, nearest.line, field, fault.Problem)
}
