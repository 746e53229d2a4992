package docs_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// No module that this repository uses has a fault that .ci/known-faults.txt knows of.
func TestNoKnownFaults(t *testing.T) {
	known, err := os.ReadFile("../.ci/known-faults.txt")
	require.NoError(t, err)
	mended := map[string][2]string{} // by module: the first good version, and the fault
	for line := range strings.Lines(string(known)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] != "#" {
			mended[fields[0]] = [2]string{fields[1], fields[2]}
		}
	}
	for _, dir := range modules(t) {
		// A go.mod names every module that its packages are built from.
		edit := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
		edit.Dir = dir
		out, err := edit.Output()
		if err != nil {
			t.Fatalf("%s: go mod edit: %v", dir, err)
		}
		var file struct {
			Require []struct{ Path, Version string }
		}
		require.NoError(t, json.Unmarshal(out, &file))
		for _, m := range file.Require {
			if good, ok := mended[m.Path]; ok && older(m.Version, good[0]) {
				t.Errorf("%s uses %s %s, which has %s: it takes %s", filepath.Join(dir, "go.mod"), m.Path, m.Version, good[1], good[0])
			}
		}
	}
}

// modules returns the directories of this repository that have a go.mod.
func modules(t *testing.T) (dirs []string) {
	t.Helper()
	err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && (d.Name() == "node_modules" || d.Name() == ".git") {
			return filepath.SkipDir
		}
		if err == nil && d.Name() == "go.mod" {
			dirs = append(dirs, filepath.Dir(path))
		}
		return err
	})
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(dirs), 2)
	return dirs
}

// older reports whether version a comes before b. What stands behind the three numbers does not
// count: a version of no tag is v0.0.0 and a date.
func older(a, b string) bool {
	numbers := func(version string) []int {
		n := make([]int, 3)
		_, _ = fmt.Sscanf(version, "v%d.%d.%d", &n[0], &n[1], &n[2])
		return n
	}
	return slices.Compare(numbers(a), numbers(b)) < 0
}

func TestOlder(t *testing.T) {
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"v0.59.0", "v0.59.1", true},
		{"v0.59.1", "v0.59.1", false},
		{"v0.60.0", "v0.59.1", false},
		{"v1.9.1", "v1.10.0", true},
		{"v0.0.0-20220829220503-c86fa9a7ed90", "v0.45.0", true},
		{"v2.0.0+incompatible", "v1.9.9", false},
	} {
		require.Equal(t, tt.want, older(tt.a, tt.b), "older(%s, %s)", tt.a, tt.b)
	}
}
