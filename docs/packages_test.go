package docs_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/doc/comment"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path"
	"testing"
)

// What the code blocks of package comments may use without declaring it.
const world = `package world

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/redis/rueidis"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/core/rediscache"
	"github.com/wxoauth/wxoauth/jssdk"
	"github.com/wxoauth/wxoauth/mpapi"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/oauth"
	"github.com/wxoauth/wxoauth/observe/wxotel"
	"github.com/wxoauth/wxoauth/push"
	"github.com/wxoauth/wxoauth/sessionstore"
	"github.com/wxoauth/wxoauth/sessionstore/redisstore"
	"github.com/wxoauth/wxoauth/wxsim"
)

func _(ctx context.Context, key []byte, user *core.User) {
`

// The comment of each package that programs import begins with code that they can copy: it
// compiles, but for variables that go on in the program.
func TestPackageCommentsBeginWithCode(t *testing.T) {
	names := []string{
		"core", "core/rediscache", "jssdk", "mpapi", "mpauth", "oauth", "observe/wxotel", "push",
		"sessionstore", "sessionstore/redisstore", "wxsim",
	}
	exports := exports(t, names)
	for _, name := range names {
		files := token.NewFileSet()
		file, err := parser.ParseFile(files, "../"+name+"/doc.go", nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		text := new(comment.Parser).Parse(file.Doc.Text())
		code, ok := text.Content[1].(*comment.Code)
		if !ok {
			t.Errorf("%s: no code behind the first sentence", name)
			continue
		}
		block, err := parser.ParseFile(files, path.Base(name)+".go", world+code.Text+"}\n", 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		check := types.Config{
			Importer: importer.ForCompiler(files, "gc", exports),
			Error: func(err error) {
				if at, ok := errors.AsType[types.Error](err); !ok || !at.Soft { // a soft one is an unused name
					t.Errorf("%s: %v", name, err)
				}
			},
		}
		_, _ = check.Check(name, files, []*ast.File{block}, nil)
	}
}

// exports returns how the importer finds the declarations of the packages and of all that they
// import.
func exports(t *testing.T, names []string) importer.Lookup {
	t.Helper()
	args := []string{"list", "-export", "-deps", "-json=ImportPath,Export"}
	for _, name := range names {
		args = append(args, "../"+name)
	}
	out, err := exec.CommandContext(t.Context(), "go", args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); d.More(); {
		var p struct{ ImportPath, Export string }
		if err := d.Decode(&p); err != nil {
			t.Fatal(err)
		}
		found[p.ImportPath] = p.Export
	}
	return func(path string) (io.ReadCloser, error) { return os.Open(found[path]) }
}
