package markdown_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

var page = markdown.Document{Path: "page.md", Text: `# A page

See [the other](other.md#here) and <img src="a.png">.

## One two-three

| name | what |
|---|---|
| a | first |
| b | second |

` + "```sh\n# no heading, [no link](nowhere)\nmake x\n```" + `

### Below

more

## 二

last
`}

func TestDocument(t *testing.T) {
	for _, tt := range []struct {
		name      string
		got, want any
	}{
		{"blocks", page.Blocks(), []markdown.Block{{Language: "sh", Code: "# no heading, [no link](nowhere)\nmake x\n"}}},
		{"tables", page.Tables(), []markdown.Table{{Head: []string{"name", "what"}, Rows: [][]string{{"a", "first"}, {"b", "second"}}}}},
		{"rows", page.Rows(), [][]string{{"a", "first"}, {"b", "second"}}},
		{"outline", page.Outline(), []string{"#", "##", "###", "##"}},
		{"anchors", page.Anchors(), []string{"a-page", "one-two-three", "below", "二"}},
		{"links", page.Links(), []string{"other.md#here", "a.png"}},
		{"a section holds its subsections", page.Section(t, "One two-three").Outline(), []string{"###"}},
		{"a section ends at the next of its level", page.Section(t, "Below").Text, "\nmore\n\n"},
		{"the last section", page.Section(t, "二").Text, "\nlast\n"},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: %q, want %q", tt.name, tt.got, tt.want)
		}
	}
}

func TestAllFindsThePapersOfTheRoot(t *testing.T) {
	var paths []string
	for _, d := range markdown.All(t) {
		paths = append(paths, d.Path)
	}
	for _, want := range []string{"README.md", "docs/adr/README.md"} {
		if !slices.Contains(paths, want) {
			t.Errorf("%s is not among %v", want, paths)
		}
	}
}
