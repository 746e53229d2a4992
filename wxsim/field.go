package wxsim

import (
	"encoding/json"
	"net/http"
	"strings"
)

// A field is a required parameter, and the code of the refusal if it is missing or has another
// type.
type field struct {
	name string
	kind jsonKind
	code int
}

type jsonKind int

const (
	aText jsonKind = iota
	aNumber
	anObject
)

// body returns the function of an endpoint for one that takes the decoded JSON body.
func body[T any](run func(*world, *request, T) answer) func(*world, *request) answer {
	return func(w *world, r *request) answer {
		var ask T
		switch {
		case len(r.body) == 0:
			return r.refuse(44002)
		case json.Unmarshal(r.body, &ask) != nil:
			return r.refuse(47001)
		}
		return run(w, r, ask)
	}
}

// checkFields returns 0 if all required fields are there.
func checkFields(e endpoint, r *request) int {
	if len(e.fields) == 0 {
		return 0
	}
	if e.method == http.MethodGet {
		for _, f := range e.fields {
			if r.query.Get(f.name) == "" {
				return f.code
			}
		}
		return 0
	}
	if len(r.body) == 0 {
		return 44002
	}
	var have map[string]json.RawMessage
	if json.Unmarshal(r.body, &have) != nil {
		return 47001
	}
	if text := escapesAsText(r.body); e.rawText {
		r.body = text
	} else if len(text) > len(r.body) {
		return 40033
	}
	for _, f := range e.fields {
		if !f.kind.fits(have[f.name]) {
			return f.code
		}
	}
	return 0
}

// escapesAsText returns a JSON body in which escapes such as \u003c, which WeChat does not decode,
// are the six characters that they are written with.
func escapesAsText(body []byte) []byte {
	keep := strings.NewReplacer(`\\`, `\\`, `\u`, `\\u`) // \\ stays, or \\u would be taken for \u
	return []byte(keep.Replace(string(body)))
}

// fits reports whether value is JSON of this kind. A missing value and an empty string do not fit.
func (k jsonKind) fits(value json.RawMessage) bool {
	if len(value) == 0 {
		return false
	}
	switch k {
	case aText:
		return value[0] == '"' && len(value) > 2
	case aNumber:
		return value[0] == '-' || value[0] >= '0' && value[0] <= '9'
	default:
		return value[0] == '{'
	}
}
