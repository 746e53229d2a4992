package wxoauth_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

const module = "github.com/wxoauth/wxoauth"

// anything stands for all packages of ours.
const anything = "anything"

// arrows reads from docs/design.md which packages of ours each package may import, tests aside.
// A new arrow is a change of design and comes with a note in docs/adr.
func arrows(t *testing.T) map[string][]string {
	t.Helper()
	table := map[string][]string{"": {}} // the root is documentation
	for _, row := range markdown.Read(t, "docs/design.md").Section(t, "Where a thing belongs").Rows() {
		imports := strings.Fields(strings.ReplaceAll(row[2], "`", ""))
		if row[2] == "–" {
			imports = nil
		}
		table[strings.Trim(row[0], "`")] = imports
	}
	return table
}

// confined says which packages may import a module of others, tests aside. Whoever imports one
// adapter or one store then compiles no other framework and no Redis client.
var confined = map[string][]string{
	"github.com/redis/rueidis":    {"core/rediscache", "sessionstore/redisstore", "internal/redisvisit", "examples/internal/demo"},
	"github.com/gin-gonic/gin":    {"adapters/gin", "internal/adaptertest", "examples/gin"},
	"github.com/go-chi/chi":       {"adapters/chi", "internal/adaptertest", "examples/chi"},
	"github.com/stretchr/testify": {"internal/adaptertest"},
	"go.uber.org/goleak":          {"internal/adaptertest"},
	"go.opentelemetry.io":         {"observe/wxotel"},
	"github.com/chromedp":         {},
}

// A listed package is what `go list -json` says of a package; Imports leaves tests out.
type listed struct {
	ImportPath string
	Imports    []string
}

func TestImports(t *testing.T) {
	arrows, packages := arrows(t), list(t)
	for _, p := range packages {
		for _, fault := range faults(arrows, p) {
			t.Error(fault)
		}
		name, _ := local(p.ImportPath)
		for _, allowed := range arrows[name] {
			if allowed != anything && !slices.Contains(p.Imports, module+"/"+allowed) {
				t.Errorf("docs/design.md draws an arrow %s → %s that no file has", name, allowed)
			}
		}
		delete(arrows, name)
	}
	for name := range arrows {
		t.Errorf("docs/design.md lists %s, which does not exist", name)
	}
}

var (
	boxForm   = regexp.MustCompile(`data-package="([^"]+)"`)
	arrowForm = regexp.MustCompile(`data-from="([^"]+)" data-to="([^"]+)"`)
)

// The picture has every package that a program may import, and every arrow between them.
func TestThePictureShowsTheImports(t *testing.T) {
	svg, err := os.ReadFile("docs/architecture.svg")
	require.NoError(t, err)
	var drawn, imported, boxes, packages []string
	for _, m := range boxForm.FindAllStringSubmatch(string(svg), -1) {
		boxes = append(boxes, m[1])
	}
	for _, m := range arrowForm.FindAllStringSubmatch(string(svg), -1) {
		for from := range strings.FieldsSeq(m[1]) {
			for to := range strings.FieldsSeq(m[2]) {
				drawn = append(drawn, from+" → "+to)
			}
		}
	}
	for _, p := range list(t) {
		name, _ := local(p.ImportPath)
		if first, _, _ := strings.Cut(name, "/"); slices.Contains([]string{"", "internal", "examples", "docs"}, first) {
			continue
		}
		packages = append(packages, name)
		for _, path := range p.Imports {
			if to, ours := local(path); ours && !strings.HasPrefix(to, "internal/") {
				imported = append(imported, name+" → "+to)
			}
		}
	}
	for _, both := range [][2][]string{{boxes, packages}, {drawn, imported}} {
		slices.Sort(both[0])
		slices.Sort(both[1])
		require.Equal(t, both[1], both[0])
	}
}

func TestForbiddenImportsAreFound(t *testing.T) {
	arrows := arrows(t)
	for _, tt := range []struct {
		name, path, imports, want string
	}{
		{"an arrow of the picture", "oauth", module + "/core", ""},
		{"a library that everybody may use", "oauth", "github.com/gorilla/sessions", ""},
		{"an arrow upwards", "core", module + "/oauth", "core imports oauth"},
		{"an arrow sideways", "oauth", module + "/mpauth", "oauth imports mpauth"},
		{"a simulator that shares our code", "wxsim", module + "/internal/wxcrypt", "wxsim imports internal/wxcrypt"},
		{"a package outside the picture", "helpers", "fmt", "helpers is not in the table"},
		{"code in the root", "", module + "/core", "the root imports core"},
		{"Redis in the store that wants no server", "sessionstore", "github.com/redis/rueidis", "sessionstore imports github.com/redis/rueidis"},
		{"Redis in the Redis store", "sessionstore/redisstore", "github.com/redis/rueidis", ""},
		{"part of a confined module", "oauth", "github.com/stretchr/testify/require", "oauth imports github.com/stretchr/testify/require"},
		{"a later major version", "oauth", "github.com/go-chi/chi/v5", "oauth imports github.com/go-chi/chi/v5"},
		{"measurements in the flow", "oauth", "go.opentelemetry.io/otel/metric", "oauth imports go.opentelemetry.io/otel/metric"},
		{"a browser in an example", "examples/gin", "github.com/chromedp/chromedp", "examples/gin imports github.com/chromedp/chromedp"},
		{"a name that only begins the same", "oauth", "github.com/gin-gonic/ginger", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path := strings.TrimSuffix(module+"/"+tt.path, "/")
			got := strings.Join(faults(arrows, listed{path, []string{tt.imports}}), "; ")
			if (tt.want == "") != (got == "") || !strings.HasPrefix(got, tt.want) {
				t.Errorf("faults = %q, want %q", got, tt.want)
			}
		})
	}
}

// list asks the go command for all packages of this module.
func list(t *testing.T) (packages []listed) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps=false", "-json=ImportPath,Imports", "./...").Output()
	if failed, ok := errors.AsType[*exec.ExitError](err); ok {
		t.Fatalf("go list: %v: %s", err, failed.Stderr)
	} else if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p listed
		require.NoError(t, d.Decode(&p), "go list")
		packages = append(packages, p)
	}
	return packages
}

// faults says in words which imports of p neither arrows nor confined allows.
func faults(arrows map[string][]string, p listed) []string {
	name, _ := local(p.ImportPath)
	allowed, known := arrows[name]
	who := name
	if name == "" {
		who = "the root"
	}
	if !known {
		return []string{who + " is not in the table of docs/design.md"}
	}
	var faults []string
	for _, path := range p.Imports {
		if ours, ok := local(path); ok && !slices.Contains(allowed, ours) && !slices.Contains(allowed, anything) {
			faults = append(faults, fmt.Sprintf("%s imports %s, an arrow that docs/design.md does not have", who, ours))
		}
		for module, users := range confined {
			if within(path, module) && !slices.Contains(users, name) {
				faults = append(faults, fmt.Sprintf("%s imports %s, which only %v may", who, path, users))
			}
		}
	}
	return faults
}

// local returns the folder of an import path of this module, and whether it is one.
func local(path string) (folder string, ok bool) {
	if !within(path, module) {
		return path, false
	}
	return strings.TrimPrefix(strings.TrimPrefix(path, module), "/"), true
}

// within reports whether an import path is the module or a package below it.
func within(path, module string) bool {
	return path == module || strings.HasPrefix(path, module+"/")
}
