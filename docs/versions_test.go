package docs_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

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
			require.Contains(t, mod, asked, page)
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
		require.Contains(t, notes, want, version)
	}
	require.NotContains(t, notes, "\n## ", version)
	if exec.CommandContext(t.Context(), "../scripts/notes", "v9.9.9").Run() == nil {
		t.Error("a version without a section has notes")
	}
}

// A workflow's command is a script of this repository, or a target of its Makefile.
func TestWorkflowsRunWhatThereIs(t *testing.T) {
	makefile := markdown.Read(t, "Makefile").Text
	for _, workflow := range []string{"ci", "release"} {
		text := markdown.Read(t, ".github/workflows/"+workflow+".yml").Text
		commands := regexp.MustCompile(`(?m)run: (\S+) ?(\S*)`).FindAllStringSubmatch(text, -1)
		require.NotEmpty(t, commands, workflow)
		for _, command := range commands {
			if command[1] == "make" {
				require.Contains(t, makefile, "\n"+command[2]+":", workflow)
				continue
			}
			if info, err := os.Stat("../" + command[1]); err != nil || info.Mode()&0o111 == 0 {
				t.Errorf("%s.yml runs %s, which is no script: %v", workflow, command[1], err)
			}
		}
	}
}
