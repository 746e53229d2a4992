package push

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrMalformed matches every error about a message that is not XML or JSON as WeChat sends it.
var ErrMalformed = errors.New("push: malformed message")

// The limits of a message. Those of WeChat have some dozens of fields, nested 5 deep at most.
const (
	maxBody   = 256 << 10 // bytes
	maxDepth  = 16
	maxFields = 4096
)

// Fields are the fields of a message, or of a part of one, by the names that WeChat uses. They
// look the same whether XML or JSON was sent: a repeated XML element and a JSON array are several
// fields of one name.
type Fields map[string][]Field

// A Field holds either text or further fields. Numbers are text as they were written, true and
// false are "true" and "false", and null is "".
type Field struct {
	Text   string
	Fields Fields
}

// Get returns the text of the first field at path, for example Get("result", "suggest"), or "" if
// there is none.
func (f Fields) Get(path ...string) string {
	text := ""
	for _, name := range path {
		if len(f[name]) == 0 {
			return ""
		}
		text, f = f[name][0].Text, f[name][0].Fields
	}
	return text
}

// first returns the text of the first of these names that the message has.
func (f Fields) first(names ...string) string {
	for _, name := range names {
		if text := f.Get(name); text != "" {
			return text
		}
	}
	return ""
}

// numbers reads numbers and keeps the first error, so that a caller can check it once, at the end.
type numbers struct{ err error }

// integer reads a whole number that WeChat sends as a number or as a string; absent is 0.
func (n *numbers) integer(f Fields, name string) int64 {
	value := n.float(f, name)
	if value != math.Trunc(value) || math.Abs(value) > 1<<53 {
		n.fault(name)
		return 0
	}
	return int64(value)
}

// int is like integer, for small numbers.
func (n *numbers) int(f Fields, name string) int { return int(n.integer(f, name)) }

// float reads a number that WeChat sends as a number or as a string; absent is 0.
func (n *numbers) float(f Fields, name string) float64 {
	text := strings.TrimSpace(f.Get(name))
	if text == "" {
		return 0
	}
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsNaN(value) || math.IsInf(value, 0) {
		n.fault(name)
		return 0
	}
	return value
}

func (n *numbers) fault(name string) {
	if n.err == nil {
		n.err = malformed("field %s is not the number it should be", name)
	}
}

// malformed makes an error that matches ErrMalformed. Its arguments must not come from the
// message, because the error is logged.
func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrMalformed, fmt.Sprintf(format, args...))
}

// parse reads a message of XML or JSON and reports whether it was JSON. Errors match
// [ErrMalformed].
func parse(data []byte) (fields Fields, isJSON bool, err error) {
	if len(data) > maxBody {
		return nil, false, malformed("more than %d bytes", maxBody)
	}
	data = bytes.TrimSpace(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf")))
	switch {
	case bytes.HasPrefix(data, []byte("{")):
		fields, err = parseJSON(data)
		return fields, true, err
	case bytes.HasPrefix(data, []byte("<")):
		fields, err = parseXML(data)
		return fields, false, err
	}
	return nil, false, malformed("neither XML nor JSON")
}

// A budget limits how many fields a message may have, and how deep they may be nested.
type budget struct{ depth, fields int }

// enter is called for each field and container; leave when a container ends.
func (b *budget) enter() error {
	b.depth++
	b.fields++
	if b.depth > maxDepth || b.fields > maxFields {
		return malformed("more than %d fields, or deeper than %d", maxFields, maxDepth)
	}
	return nil
}

func (b *budget) leave() { b.depth-- }

// legible replaces what nicknames may contain and decoders refuse: control bytes become spaces,
// except those in allowed, and invalid UTF-8 becomes U+FFFD.
func legible(data []byte, allowed string) []byte {
	return bytes.Map(func(r rune) rune {
		if r < ' ' && !strings.ContainsRune(allowed, r) || r == '\uFFFE' || r == '\uFFFF' {
			return ' '
		}
		return r
	}, data)
}
