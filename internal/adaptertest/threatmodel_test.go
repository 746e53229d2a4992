package adaptertest

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

// TestThreatModelNamesRealTests reads the proofs of docs/threat-model.md. Each is a test of a
// package, or a line of the table.
func TestThreatModelNamesRealTests(t *testing.T) {
	lines := map[string]bool{}
	for _, g := range Groups() {
		for _, c := range g.Cases {
			lines[g.Name+": "+c.Name] = true
		}
	}
	test := regexp.MustCompile(`^([a-z/]+)\.((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)$`)
	quoted := regexp.MustCompile("`([^`]+)`")
	proofs := 0
	for _, table := range markdown.Read(t, "docs/threat-model.md").Tables() {
		if table.Head[0] != "attack" {
			continue // assets
		}
		for _, row := range table.Rows {
			names := quoted.FindAllStringSubmatch(row[len(row)-1], -1)
			if len(row) != 3 || len(names) == 0 {
				t.Errorf("no proof in %q", row)
			}
			for _, name := range names {
				proofs++
				if m := test.FindStringSubmatch(name[1]); m != nil {
					require.True(t, testExists(t, m[1], m[2]), name[1])
				} else if !lines[name[1]] {
					t.Errorf("there is no line %q in the table", name[1])
				}
			}
		}
	}
	require.GreaterOrEqual(t, proofs, 100)
}

// testExists looks for a test in a package of this module.
func testExists(t *testing.T, dir, name string) bool {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", dir, "*_test.go"))
	require.NoError(t, err)
	for _, file := range files {
		code, err := os.ReadFile(file)
		require.NoError(t, err)
		if strings.Contains(string(code), "\nfunc "+name+"(") {
			return true
		}
	}
	return false
}
