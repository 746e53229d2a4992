package oauth

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// The files of this package use each other in one direction only, types aside: docs/design.md has
// the picture. Whoever reads a file needs those below it, and none above.
func TestArrowsBetweenFilesRunOneWay(t *testing.T) {
	uses := arrowsBetweenFiles(t)
	if len(uses) < 20 || !uses["admit.go"]["callback.go"] {
		t.Fatalf("the arrows were not found: %v", uses)
	}
	done := map[string]bool{}
	var follow func(path []string)
	follow = func(path []string) {
		file := path[len(path)-1]
		if i := slices.Index(path, file); i < len(path)-1 {
			t.Errorf("round in a circle: %s", strings.Join(path[i:], " → "))
			return
		}
		if done[file] {
			return
		}
		for _, next := range slices.Sorted(maps.Keys(uses[file])) {
			follow(append(slices.Clone(path), next))
		}
		done[file] = true
	}
	for _, file := range slices.Sorted(maps.Keys(uses)) {
		follow([]string{file})
	}
}

// nothing imports no package: what others declare is of no interest here.
type nothing struct{}

func (nothing) Import(string) (*types.Package, error) { return nil, errors.New("not needed") }

// arrowsBetweenFiles returns which file uses functions, methods, variables and constants of which.
func arrowsBetweenFiles(t *testing.T) map[string]map[string]bool {
	t.Helper()
	names, err := filepath.Glob("*.go")
	require.NoError(t, err)
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		files = append(files, file)
	}
	info := &types.Info{Uses: map[*ast.Ident]types.Object{}}
	config := types.Config{Importer: nothing{}, Error: func(error) {}}
	pkg, _ := config.Check("oauth", set, files, info) // its errors are about imports
	uses := map[string]map[string]bool{}
	for ident, object := range info.Uses {
		_, isType := object.(*types.TypeName)
		variable, isVariable := object.(*types.Var)
		inside := isVariable && variable.Parent() != pkg.Scope() // a field, or of a function
		if object.Pkg() != pkg || isType || inside {
			continue
		}
		from, to := set.Position(ident.Pos()).Filename, set.Position(object.Pos()).Filename
		if from != to {
			if uses[from] == nil {
				uses[from] = map[string]bool{}
			}
			uses[from][to] = true
		}
	}
	return uses
}
