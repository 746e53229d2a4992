package push

import (
	"bytes"
	"encoding/json"
	"strconv"
)

type jsonParser struct {
	*json.Decoder
	budget
}

// parseJSON reads one object. It does not decode into a struct or a map, because of a name that
// comes twice encoding/json keeps only the last value. Here both are kept, so that none is
// overlooked.
func parseJSON(data []byte) (Fields, error) {
	data = legible(data, "")
	if !json.Valid(data) {
		return nil, malformed("broken JSON")
	}
	p := jsonParser{Decoder: json.NewDecoder(bytes.NewReader(data))}
	p.UseNumber()
	values, err := p.value("")
	if err != nil {
		return nil, err
	}
	return values[0].Fields, nil // exactly one, because data begins with {
}

// value reads one value of that name; an array is as many fields as it has elements.
func (p *jsonParser) value(name string) ([]Field, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	token, err := p.Token()
	if err != nil {
		return nil, malformed("broken JSON")
	}
	switch t := token.(type) {
	case json.Delim:
		switch {
		case t == '{':
			return p.object()
		case name == "Encrypt":
			return nil, malformed("Encrypt is a list")
		}
		return p.array(name)
	case string:
		return []Field{{Text: fieldText(name, t)}}, nil
	case json.Number:
		return []Field{{Text: t.String()}}, nil
	case bool:
		return []Field{{Text: strconv.FormatBool(t)}}, nil
	}
	return []Field{{}}, nil // null
}

func (p *jsonParser) array(name string) (all []Field, err error) {
	for p.More() {
		values, err := p.value(name)
		if err != nil {
			return nil, err
		}
		all = append(all, values...)
	}
	return all, p.end()
}

func (p *jsonParser) object() ([]Field, error) {
	fields := Fields{}
	for p.More() {
		token, err := p.Token()
		if err != nil {
			return nil, malformed("broken JSON")
		}
		name, _ := token.(string) // names in JSON are always strings
		values, err := p.value(name)
		if err != nil {
			return nil, err
		}
		fields[name] = append(fields[name], values...)
	}
	return []Field{{Fields: fields}}, p.end()
}

// end reads the closing bracket.
func (p *jsonParser) end() error {
	if _, err := p.Token(); err != nil {
		return malformed("broken JSON")
	}
	return nil
}
