package push

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"

	"github.com/wxoauth/wxoauth/internal/oneline"
)

// typedNames are the fields whose text comes from a user, who has typed, said, scanned or chosen
// it. WeChat puts the text into a CDATA section and does not escape the mark "]]>" in it. So a
// text with this mark ends the section, and what follows it is read as elements of the message.
const typedNames = `(Content|Title|Description|Label|Poiname|Recognition|EventKey|` +
	`ScanResult|PagePath|SessionFrom)`

var (
	typedName = regexp.MustCompile(`^` + typedNames + `$`)

	// typedRegion reaches from the beginning of the first typed field to the end of the last one.
	// Nothing outside of it comes from a user, so these two tags are WeChat's.
	typedRegion = regexp.MustCompile(`(?s)^(.*?<` + typedNames + `>)\s*<!\[CDATA\[(.*)\]\]>\s*(</` +
		typedNames + `>.*)$`)

	// typedBorder matches what stands between two typed fields that follow each other. There is
	// one alternative for each kind of message that has more than one typed field.
	typedBorder = regexp.MustCompile(`\]\]>\s*(` + strings.Join([]string{
		`</Title>\s*<Description>`, // of a link or a file
		// Of a miniprogrampage.
		`</Title>\s*` + plainElement("AppId") + `<PagePath>`,
		// Of scancode_push and scancode_waitmsg.
		`</EventKey>\s*<ScanCodeInfo>\s*` + plainElement("ScanType") + `<ScanResult>`,
		// Of location_select.
		`</EventKey>\s*<SendLocationInfo>\s*` + plainElement("Location_X") +
			plainElement("Location_Y") + plainElement("Scale") + `<Label>`,
		`</Label>\s*<Poiname>`,
	}, "|") + `)\s*<!\[CDATA\[`)
)

// plainElement returns an expression for an element that holds a number or a word.
func plainElement(name string) string {
	return `<` + name + `>\s*(?:<!\[CDATA\[)?[\w.-]*(?:\]\]>)?\s*</` + name + `>\s*`
}

// quoteTyped returns an XML message in which the texts of users are escaped. The text of a field
// reaches to the last end tag of that field, so nothing that a user typed becomes an element.
func quoteTyped(data []byte) ([]byte, error) {
	parts := typedRegion.FindSubmatch(data)
	if parts == nil {
		return data, nil
	}
	head, name, text, tail, last := parts[1], string(parts[2]), parts[3], parts[4], string(parts[5])
	var quoted bytes.Buffer
	quoted.Write(head)
	start := 0
	for _, at := range typedBorder.FindAllSubmatchIndex(text, -1) {
		border := string(text[at[2]:at[3]])
		if !strings.HasPrefix(border, "</"+name+">") {
			continue // not WeChat's border but a part of the text, since it does not end this field
		}
		quoted.WriteString(cdata(unquote(text[start:at[0]])) + border)
		name, start = strings.TrimSuffix(border[strings.LastIndex(border, "<")+1:], ">"), at[1]
	}
	if name != last {
		return nil, malformed("the text of a user does not end")
	}
	quoted.WriteString(cdata(unquote(text[start:])))
	quoted.Write(tail)
	return quoted.Bytes(), nil
}

// unquote returns the text of a sender that did escape "]]>", by two sections with the mark
// between them.
func unquote(text []byte) string {
	return strings.ReplaceAll(string(text), "]]]]><![CDATA[>", "]]>")
}

// fieldText returns the text of a field without control characters, which may come escaped in JSON
// or XML. Texts of users keep their line breaks. Encrypt is left as it was signed.
func fieldText(name, text string) string {
	switch {
	case name == "Encrypt":
		return text
	case typedName.MatchString(name):
		return strings.Map(func(r rune) rune {
			if unicode.IsControl(r) && !strings.ContainsRune(xmlControls, r) {
				return ' '
			}
			return r
		}, text)
	}
	return oneline.Text(text)
}
