package wxoauth_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// bilingual are the documents that exist in English (name.md) and in Chinese (name.zh-CN.md).
var bilingual = []string{"README", "docs/operations", "docs/recipes", "docs/wechat-setup"}

const chinese = ".zh-CN"

// A document is a Markdown file.
type document struct {
	path string
	text string
}

func read(t *testing.T, path string) document {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return document{path, string(data)}
}

// documents are all Markdown files of the repository.
func documents(t *testing.T) (all []document) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains([]string{".git", "bin", "node_modules"}, name):
			return fs.SkipDir
		case strings.HasSuffix(name, ".md"):
			all = append(all, read(t, name))
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

// A block is a fenced piece of code.
type block struct{ language, code string }

func (d document) blocks() (all []block) {
	for _, m := range blockForm.FindAllStringSubmatch(d.text, -1) {
		all = append(all, block{m[1], m[2]})
	}
	return all
}

// prose is the text without its code blocks.
func (d document) prose() string { return blockForm.ReplaceAllString(d.text, "") }

// A region is a part of a Go file that a document shows.
type region struct {
	file  string // the whole text of its file
	code  string
	shown bool
}

// regions are those of the files that match pattern, by their names. Parts of one name are joined.
func regions(t *testing.T, pattern string) map[string]*region {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]*region{}
	for _, name := range files {
		file := read(t, name).text
		var open *region
		var lines []string
		for line := range strings.Lines(file) {
			word, of, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "// "), " ")
			switch {
			case word == "region" && open == nil:
				if open = all[of]; open == nil {
					open = &region{file: file}
					all[of] = open
				}
			case word == "endregion" && open != nil:
				if open.code != "" {
					open.code += "\n"
				}
				open.code += dedent(lines)
				open, lines = nil, nil
			case open != nil && (len(lines) > 0 || line != "\n"):
				lines = append(lines, line)
			}
		}
		if open != nil {
			t.Errorf("%s: a region has no end", name)
		}
	}
	return all
}

// dedent takes away the tabs that the first line begins with, and empty lines at the end.
func dedent(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	indent := lines[0][:len(lines[0])-len(strings.TrimLeft(lines[0], "\t"))]
	var out strings.Builder
	for _, line := range lines {
		out.WriteString(strings.TrimPrefix(line, indent))
	}
	return strings.TrimRight(out.String(), "\n") + "\n"
}

var importForm = regexp.MustCompile(`^import ((?:\w+ )?"[^"]+")\n\n?`)

// shows reports whether code is the region. A block may say in its first line what the file of the
// region imports among other things.
func (r *region) shows(code string) bool {
	if m := importForm.FindStringSubmatch(code); m != nil {
		return strings.Contains(r.file, "\t"+m[1]+"\n") && strings.TrimPrefix(code, m[0]) == r.code
	}
	return code == r.code
}

// find reports whether code is one of the regions.
func find(all map[string]*region, code string) bool {
	for _, r := range all {
		if r.shows(code) {
			r.shown = true
			return true
		}
	}
	return false
}

func TestGoCodeOfTheDocumentsRuns(t *testing.T) {
	all := regions(t, "*_example_test.go")
	shown := []string{"docs/migration.md", "docs/observability.md"}
	for _, name := range bilingual {
		shown = append(shown, name+".md", name+chinese+".md")
	}
	for _, name := range shown {
		for _, b := range read(t, name).blocks() {
			if b.language == "go" && !find(all, b.code) {
				t.Errorf("%s shows code that is no region of a *_example_test.go:\n%s", name, b.code)
			}
		}
	}
	for name, r := range all {
		if !r.shown {
			t.Errorf("no document shows the region %q", name)
		}
	}
}

// The guide to adapters shows whole files of the one for echo.
func TestAdapterGuide(t *testing.T) {
	const folder = "examples/echo/wxoauth/"
	var files []string
	for _, name := range []string{"wxoauth.go", "adapter_test.go"} {
		files = append(files, read(t, folder+name).text)
	}
	for _, b := range read(t, "docs/adapters.md").blocks() {
		if b.language != "go" {
			continue
		}
		if i := slices.Index(files, b.code); i >= 0 {
			files = slices.Delete(files, i, i+1)
		} else {
			t.Errorf("docs/adapters.md shows code that is no file of %s:\n%s", folder, b.code)
		}
	}
	if len(files) > 0 {
		t.Errorf("docs/adapters.md lacks %d files of %s", len(files), folder)
	}
}

func TestBothLanguagesSayTheSame(t *testing.T) {
	for _, name := range bilingual {
		t.Run(name, func(t *testing.T) {
			english, other := read(t, name+".md"), read(t, name+chinese+".md")
			if a, b := english.outline(), other.outline(); !slices.Equal(a, b) {
				t.Errorf("levels of headings: %v, and in Chinese %v", a, b)
			}
			a, b := english.blocks(), other.blocks()
			for i := range min(len(a), len(b)) {
				if a[i] != b[i] {
					t.Errorf("code block %d differs:\n%s\nand in Chinese\n%s", i+1, a[i].code, b[i].code)
				}
			}
			if len(a) != len(b) {
				t.Errorf("%d code blocks, and in Chinese %d", len(a), len(b))
			}
			if a, b := len(tableRows(english)), len(tableRows(other)); a != b {
				t.Errorf("%d rows of tables, and in Chinese %d", a, b)
			}
		})
	}
}

// outline is the levels of the headings.
func (d document) outline() (levels []string) {
	for _, m := range headingForm.FindAllStringSubmatch(d.prose(), -1) {
		levels = append(levels, m[1])
	}
	return levels
}

// tableRows are the cells of all tables, heads and rulers included.
func tableRows(d document) (rows [][]string) {
	for line := range strings.Lines(d.prose()) {
		if line = strings.TrimSpace(line); strings.HasPrefix(line, "|") {
			rows = append(rows, strings.Split(strings.Trim(line, "|"), "|"))
		}
	}
	return rows
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := documents(t)
	anchors := map[string][]string{}
	for _, d := range all {
		anchors[d.path] = d.anchors()
	}
	for _, d := range all {
		for _, m := range linkForm.FindAllStringSubmatch(d.prose(), -1) {
			link := m[1] + m[2]
			if strings.Contains(link, ":") {
				continue // another site
			}
			file, anchor, _ := strings.Cut(link, "#")
			target := d.path
			if file != "" {
				target = path.Join(path.Dir(d.path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which does not exist", d.path, link)
			} else if anchor != "" && !slices.Contains(anchors[target], anchor) {
				t.Errorf("%s links to %s; its headings are %v", d.path, link, anchors[target])
			}
		}
	}
}

// anchors are the names that GitHub gives to the headings.
func (d document) anchors() (all []string) {
	for _, m := range headingForm.FindAllStringSubmatch(d.prose(), -1) {
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

var (
	commandForm = regexp.MustCompile("`((?:make|go run|cd) [^`\n]+)`")

	targetForm = regexp.MustCompile(`(?m)^([a-z0-9-]+):`)
	makeForm   = regexp.MustCompile(`(?m)\bmake ([a-z]+)\b`)
	folderForm = regexp.MustCompile(`(?m)(?:\bcd |\./)([a-z0-9_/.-]+[a-z0-9_])`)
)

func TestShellCommandsExist(t *testing.T) {
	var targets []string
	for _, m := range targetForm.FindAllStringSubmatch(read(t, "Makefile").text, -1) {
		targets = append(targets, m[1])
	}
	for _, d := range documents(t) {
		commands := d.commands()
		for _, m := range makeForm.FindAllStringSubmatch(commands, -1) {
			if !slices.Contains(targets, m[1]) {
				t.Errorf("%s says make %s; the targets are %v", d.path, m[1], targets)
			}
		}
		for _, m := range folderForm.FindAllStringSubmatch(commands, -1) {
			if _, err := os.Stat(m[1]); err != nil {
				t.Errorf("%s names %s, which does not exist", d.path, m[1])
			}
		}
	}
}

// commands are the shell blocks, and the commands within sentences.
func (d document) commands() string {
	var all strings.Builder
	for _, b := range d.blocks() {
		if b.language == "sh" {
			all.WriteString(b.code)
		}
	}
	for _, m := range commandForm.FindAllStringSubmatch(d.prose(), -1) {
		all.WriteString(m[1] + "\n")
	}
	return all.String()
}
