package markdown_test

import (
	"testing"

	"github.com/stretchr/testify/require"

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
		require.Equal(t, tt.want, tt.got, tt.name)
	}
}

func TestAllFindsThePapersOfTheRoot(t *testing.T) {
	var paths []string
	for _, d := range markdown.All(t) {
		paths = append(paths, d.Path)
	}
	for _, want := range []string{"README.md", "docs/adr/README.md"} {
		require.Contains(t, paths, want)
	}
}
