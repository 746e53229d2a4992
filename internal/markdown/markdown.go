// Package markdown reads the documents of this repository, for the tests that check them.
//
//	for _, row := range markdown.Read(t, "docs/observability.md").Section("Events").Rows() {
//		t.Log(row[0])
//	}
package markdown

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// A Document is a Markdown file, or a section of one.
type Document struct {
	Path string // from the root of the repository
	Text string
}

// Root returns the root of the repository, which holds the go.mod of the library.
func Root(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil && strings.HasPrefix(string(mod), "module github.com/wxoauth/wxoauth\n") {
			return dir
		}
		if dir == filepath.Dir(dir) {
			t.Fatal("the test does not run inside the repository")
		}
		dir = filepath.Dir(dir)
	}
}

// Read returns the document at path, counted from the root of the repository.
func Read(t *testing.T, path string) Document {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(Root(t), path))
	if err != nil {
		t.Fatal(err)
	}
	return Document{path, string(data)}
}

// All returns all documents of the repository.
func All(t *testing.T) (all []Document) {
	t.Helper()
	err := fs.WalkDir(os.DirFS(Root(t)), ".",
		func(path string, entry fs.DirEntry, err error) error {
			switch {
			case err != nil:
				return err
			case entry.IsDir() &&
				slices.Contains([]string{".git", "bin", "dist", "node_modules"}, entry.Name()):
				return fs.SkipDir
			case strings.HasSuffix(path, ".md"):
				all = append(all, Read(t, path))
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

var (
	blockForm   = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")
	headingForm = regexp.MustCompile(`(?m)^(#+) +(.+)$`)
	linkForm    = regexp.MustCompile(`\]\(([^)\s]+)\)|(?:src|href)="([^"]+)"`)
)

// A Block is a fenced piece of code.
type Block struct{ Language, Code string }

// Blocks returns the code blocks.
func (d Document) Blocks() (all []Block) {
	for _, m := range blockForm.FindAllStringSubmatch(d.Text, -1) {
		all = append(all, Block{m[1], m[2]})
	}
	return all
}

// Prose returns the text without its code blocks.
func (d Document) Prose() string { return blockForm.ReplaceAllString(d.Text, "") }

// Section returns the text below a heading, up to the next heading of its level or above.
func (d Document) Section(t *testing.T, heading string) Document {
	t.Helper()
	var level int
	var text strings.Builder
	inBlock := false
	for line := range strings.Lines(d.Text) {
		if strings.HasPrefix(line, "```") {
			inBlock = !inBlock
		}
		if m := headingForm.FindStringSubmatch(strings.TrimSpace(line)); m != nil && !inBlock {
			switch {
			case level == 0 && m[2] == heading:
				level = len(m[1])
				continue
			case level > 0 && len(m[1]) <= level:
				return Document{d.Path, text.String()}
			}
		}
		if level > 0 {
			text.WriteString(line)
		}
	}
	if level == 0 {
		t.Fatalf("%s has no heading %q", d.Path, heading)
	}
	return Document{d.Path, text.String()}
}

// A Table is a table with the texts of its cells.
type Table struct {
	Head []string
	Rows [][]string
}

// Tables returns all tables.
func (d Document) Tables() (all []Table) {
	line := 0 // of the table
	for text := range strings.Lines(d.Prose()) {
		text = strings.TrimSpace(text)
		if !strings.HasPrefix(text, "|") {
			line = 0
			continue
		}
		cells := strings.Split(strings.Trim(text, "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		switch line++; line {
		case 1:
			all = append(all, Table{Head: cells})
		case 2: // the line below the head
		default:
			all[len(all)-1].Rows = append(all[len(all)-1].Rows, cells)
		}
	}
	return all
}

// Rows returns the rows of all tables.
func (d Document) Rows() (rows [][]string) {
	for _, table := range d.Tables() {
		rows = append(rows, table.Rows...)
	}
	return rows
}

// Outline returns the levels of the headings: "#", "##" and so on.
func (d Document) Outline() (levels []string) {
	for _, m := range headingForm.FindAllStringSubmatch(d.Prose(), -1) {
		levels = append(levels, m[1])
	}
	return levels
}

// Anchors returns the names that GitHub gives to the headings.
func (d Document) Anchors() (all []string) {
	for _, m := range headingForm.FindAllStringSubmatch(d.Prose(), -1) {
		all = append(all, strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsNumber(r):
				return unicode.ToLower(r)
			default:
				return -1
			}
		}, m[2]))
	}
	return all
}

// Links returns where the links and pictures lead.
func (d Document) Links() (all []string) {
	for _, m := range linkForm.FindAllStringSubmatch(d.Prose(), -1) {
		all = append(all, m[1]+m[2])
	}
	return all
}
