package docs_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

// A program that imports this module is lifted to what its go.mod asks for: the page says to what.
func TestTheOldestVersionsAreThoseOfGoMod(t *testing.T) {
	mod := markdown.Read(t, "go.mod").Text
	for _, page := range []string{"docs/versions.md", "docs/versions.zh-CN.md"} {
		for _, row := range markdown.Read(t, page).Tables()[0].Rows {
			asked := "\t" + strings.Trim(row[0], "`") + " " + row[1] + "\n"
			if strings.HasPrefix(row[0], "Go") {
				asked = "\ngo " + row[1] + "\n"
			}
			if !strings.Contains(mod, asked) {
				t.Errorf("%s: go.mod has no line %q", page, asked)
			}
		}
	}
}

// gorilla/sessions 1.4 makes the session cookie of every program with gin-contrib/sessions
// Secure and SameSite=None, and a login over http is lost.
func TestGorillaSessionsStaysBelowTheVersionThatChangesCookies(t *testing.T) {
	if mod := markdown.Read(t, "go.mod").Text; !strings.Contains(mod, "\tgithub.com/gorilla/sessions v1.2.1\n") {
		t.Error("go.mod asks for another gorilla/sessions than v1.2.1")
	}
}

// The notes of a release are the section of the changelog.
func TestNotesOfARelease(t *testing.T) {
	notes := output(t, "../scripts/notes", version)
	for _, want := range []string{"### Security", "### Added"} {
		if !strings.Contains(notes, want) {
			t.Errorf("the notes of %s have no %q:\n%s", version, want, notes)
		}
	}
	if strings.Contains(notes, "\n## ") {
		t.Errorf("the notes of %s go on into another version", version)
	}
	if exec.CommandContext(t.Context(), "../scripts/notes", "v9.9.9").Run() == nil {
		t.Error("a version without a section has notes")
	}
}
