package push

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// xmlControls are the control bytes that XML allows in text.
const xmlControls = "\t\n\r"

// An xmlParser reads elements and ignores attributes and comments. It knows only the five entities
// of XML.
type xmlParser struct {
	*xml.Decoder
	budget
	data []byte
}

// parseXML reads one document <xml>…</xml>.
func parseXML(data []byte) (Fields, error) {
	data, err := quoteTyped(legible(data, xmlControls))
	if err != nil {
		return nil, err
	}
	p := xmlParser{Decoder: xml.NewDecoder(bytes.NewReader(data)), data: data}
	var root *Field
	for {
		token, err := p.Token()
		if errors.Is(err, io.EOF) && root != nil {
			return root.Fields, nil
		}
		if err != nil {
			return nil, malformed("broken XML")
		}
		switch t := token.(type) {
		case xml.StartElement:
			if root != nil || t.Name.Local != "xml" {
				return nil, malformed("not one <xml> element")
			}
			if root, err = p.element(t.Name.Local); err != nil {
				return nil, err
			}
		case xml.CharData:
			if len(bytes.TrimSpace(t)) > 0 {
				return nil, malformed("text beside the <xml> element")
			}
		case xml.Directive:
			return nil, malformed("a DOCTYPE in XML")
		}
	}
}

// element reads to the end of the element that has just begun. Text between elements is ignored,
// and so are blanks round a CDATA section.
func (p *xmlParser) element(name string) (*Field, error) {
	if err := p.enter(); err != nil {
		return nil, err
	}
	defer p.leave()
	var f Field
	var text strings.Builder
	for {
		start := p.InputOffset()
		token, err := p.Token()
		if err != nil {
			return nil, malformed("broken XML")
		}
		switch t := token.(type) {
		case xml.StartElement:
			inner, err := p.element(t.Name.Local)
			if err != nil {
				return nil, err
			}
			if f.Fields == nil {
				f.Fields = Fields{}
			}
			f.Fields[t.Name.Local] = append(f.Fields[t.Name.Local], *inner)
		case xml.CharData:
			if bytes.HasPrefix(p.data[start:], []byte("<![CDATA[")) || len(bytes.TrimSpace(t)) > 0 {
				text.Write(t)
			}
		case xml.Directive:
			return nil, malformed("a DOCTYPE in XML")
		case xml.EndElement:
			if f.Fields == nil {
				f.Text = fieldText(name, text.String())
			}
			return &f, nil
		}
	}
}
