package push

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"

	"github.com/wxoauth/wxoauth/internal/oneline"
)

// typedNames are the fields whose text somebody has typed, said, scanned or chosen. WeChat puts
// that text into CDATA and does not escape the end mark inside it, so it may end its section and
// go on with elements of its own.
const typedNames = `(Content|Title|Description|Label|Poiname|Recognition|EventKey|ScanResult|PagePath|SessionFrom)`

var (
	typedName = regexp.MustCompile(`^` + typedNames + `$`)

	// typedRegion reaches from the first opening of a typed field to the last end of one. Before
	// and after it nothing is typed, so these two marks are WeChat's own.
	typedRegion = regexp.MustCompile(`(?s)^(.*?<` + typedNames + `>)\s*<!\[CDATA\[(.*)\]\]>\s*(</` + typedNames + `>.*)$`)

	// typedBorder is where one typed field of a message ends and the next one begins. What stands
	// between the two is the shape that WeChat gives each kind of message.
	typedBorder = regexp.MustCompile(`\]\]>\s*(` + strings.Join([]string{
		`</Title>\s*<Description>`,                                                    // link, file
		`</Title>\s*` + plainElement("AppId") + `<PagePath>`,                          // miniprogrampage
		`</EventKey>\s*<ScanCodeInfo>\s*` + plainElement("ScanType") + `<ScanResult>`, // scancode_push, scancode_waitmsg
		`</EventKey>\s*<SendLocationInfo>\s*` + plainElement("Location_X") + plainElement("Location_Y") + plainElement("Scale") + `<Label>`, // location_select
		`</Label>\s*<Poiname>`,
	}, "|") + `)\s*<!\[CDATA\[`)
)

// plainElement matches an element that holds a number or a word.
func plainElement(name string) string {
	return `<` + name + `>\s*(?:<!\[CDATA\[)?[\w.-]*(?:\]\]>)?\s*</` + name + `>\s*`
}

// quoteTyped returns an XML message with the end marks escaped in what users typed. There the
// text of a field goes on until the last end of that field, whatever it looks like: nothing in it
// becomes an element.
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
			continue // typed as well
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

// unquote takes out the marks of a sender that does escape.
func unquote(text []byte) string {
	return strings.ReplaceAll(string(text), "]]]]><![CDATA[>", "]]>")
}

// fieldText returns the text of a field without control characters, which a sender can escape in
// a JSON or XML text. Only what users type keeps its lines. Encrypt stays as it was signed.
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
