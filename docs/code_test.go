package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

// The Go code of the documents runs in the tests of this folder and in the programs of
// examples/adopt, which have tests and run in a browser: what stands between a line
// "region name" and "endregion" is a block of a document, but for its indentation and import line.

// A region is a part of a Go file that a document shows.
type region struct {
	file  string // the whole text of its file
	code  string
	shown bool
}

// regions returns all of them by their names. Parts of one name are joined.
func regions(t *testing.T) map[string]*region {
	t.Helper()
	var files []string
	for _, pattern := range []string{"*_test.go", "../examples/adopt/*/*.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		files = append(files, found...)
	}
	all := map[string]*region{}
	for _, name := range files {
		file := source(t, name)
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
		require.Nil(t, open, name)
	}
	return all
}

func source(t *testing.T, name string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(data)
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

// shows reports whether code is the region; in another language than English, but for comments.
// The first line of a block may be an import of the region's file.
func (r *region) shows(code string, english bool) bool {
	if m := importForm.FindStringSubmatch(code); m != nil {
		if !strings.Contains(r.file, "\t"+m[1]+"\n") {
			return false
		}
		code = strings.TrimPrefix(code, m[0])
	}
	return code == r.code || !english && withoutComments(code) == withoutComments(r.code)
}

// find reports whether code is one of the regions.
func find(all map[string]*region, code string, english bool) bool {
	for _, r := range all {
		if r.shows(code, english) {
			r.shown = true
			return true
		}
	}
	return false
}

func TestGoCodeOfTheDocumentsRuns(t *testing.T) {
	all := regions(t)
	for _, d := range markdown.All(t) {
		if !strings.HasPrefix(d.Path, "docs/") && strings.Contains(d.Path, "/") || strings.HasPrefix(d.Path, "docs/adapters.") {
			continue // TestAdapterGuide, and pages beside their code
		}
		for _, b := range d.Blocks() {
			if b.Language != "go" || strings.HasPrefix(b.Code, "package main\n") { // TestNewcomer
				continue
			}
			require.True(t, find(all, b.Code, !strings.HasSuffix(d.Path, chinese+".md")),
				"%s shows code that is no region:\n%s", d.Path, b.Code)
		}
	}
	for name, r := range all {
		require.True(t, r.shown, name)
	}
}

// The guide to adapters shows whole files of the one for echo.
func TestAdapterGuide(t *testing.T) {
	const folder = "../examples/frameworks/echo/wxoauth/"
	var files []string
	for _, name := range []string{"wxoauth.go", "adapter_test.go"} {
		files = append(files, source(t, folder+name))
	}
	for _, b := range markdown.Read(t, "docs/adapters.md").Blocks() {
		if b.Language != "go" {
			continue
		}
		if i := slices.Index(files, b.Code); i >= 0 {
			files = slices.Delete(files, i, i+1)
		} else {
			t.Errorf("docs/adapters.md shows code that is no file of %s:\n%s", folder, b.Code)
		}
	}
	require.Empty(t, files, folder)
}
