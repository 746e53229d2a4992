package wxotel_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/markdown"
)

// rows returns the rows of the table below a heading of the page, without backquotes.
func rows(t *testing.T, heading string) [][]string {
	t.Helper()
	rows := markdown.Read(t, "docs/observability.md").Section(t, heading).Rows()
	for _, row := range rows {
		for i := range row {
			row[i] = strings.ReplaceAll(row[i], "`", "")
		}
	}
	return rows
}

// first is the first cell of each row, sorted.
func first(rows [][]string) (cells []string) {
	for _, row := range rows {
		cells = append(cells, row[0])
	}
	slices.Sort(cells)
	return cells
}

func TestThePageNamesAllThatIsMeasured(t *testing.T) {
	tel := newTelemetry(t)
	events := first(rows(t, "Events"))
	for _, name := range events {
		tel.Observe(t.Context(), core.Event{Name: name, Kind: "/sns/userinfo", Duration: time.Second, Code: core.ErrQuota, Failed: true})
	}

	text, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	doc := string(text)
	var metrics []string
	for _, row := range rows(t, "Metrics") {
		metrics = append(metrics, row[0]+" "+row[2])
		if !regexp.MustCompile(`(?m)^//\t` + regexp.QuoteMeta(row[0]) + ` +` + row[1] + ` +` + regexp.QuoteMeta(row[2]) + ` +` + row[3] + `$`).MatchString(doc) {
			t.Errorf("doc.go has no line for %v", row)
		}
	}
	slices.Sort(metrics)
	var measured []string
	keys := []string{}
	point := regexp.MustCompile(`^(\S+?)\{(.*)\} .* (\S+)$`)
	for _, p := range tel.points(t) {
		m := point.FindStringSubmatch(p)
		measured = append(measured, m[1]+" "+m[3])
		for pair := range strings.SplitSeq(m[2], ",") {
			key, _, _ := strings.Cut(pair, "=")
			keys = append(keys, key)
		}
	}
	slices.Sort(measured)
	if measured = slices.Compact(measured); !slices.Equal(measured, metrics) {
		t.Errorf("measured %q, on the page are %q", measured, metrics)
	}

	var spans []string
	for _, s := range tel.spans.GetSpans() {
		spans = append(spans, s.Name)
		for _, a := range s.Attributes {
			keys = append(keys, string(a.Key))
		}
	}
	slices.Sort(spans)
	require.Equal(t, first(rows(t, "Spans")), spans)

	slices.Sort(keys)
	keys = slices.Compact(keys)
	require.Equal(t, first(rows(t, "Attributes")), keys)
	for _, name := range slices.Concat(spans, keys) {
		require.Contains(t, doc, "//\t"+name+" ", name)
	}
}

func TestThePageNamesAllEvents(t *testing.T) {
	var events []string
	inspect(t, "core", func(n ast.Node) {
		spec, ok := n.(*ast.ValueSpec)
		if ok && len(spec.Values) == 1 && strings.HasPrefix(spec.Names[0].Name, "Event") {
			events = append(events, literal(spec.Values[0]))
		}
	})
	slices.Sort(events)
	require.Equal(t, first(rows(t, "Events")), events)
}

// A line is one that a package may log.
type line struct{ pkg, level, message, keys string }

func TestThePageNamesAllLogLines(t *testing.T) {
	var written, documented []line
	for _, pkg := range []string{"core", "core/rediscache", "sessionstore", "sessionstore/redisstore", "oauth", "mpauth", "mpapi", "push", "jssdk", "adapters/nethttp", "adapters/chi", "adapters/gin"} {
		written = append(written, logged(t, pkg)...)
	}
	for _, row := range rows(t, "Log lines") {
		documented = append(documented, line{row[0], row[1], row[2], strings.ReplaceAll(row[3], ",", "")})
	}
	for _, l := range written {
		require.Contains(t, documented, l)
	}
	for i, l := range documented {
		require.Contains(t, written, l)
		require.NotContains(t, documented[:i], l)
	}
}

// levels are what the methods of a Logger write. Log and LogAttrs have the level as an argument. Info
// and Warn, which have no context, are for what New says.
var levels = map[string]string{"Info": "info", "Warn": "warn", "DebugContext": "debug", "InfoContext": "info", "WarnContext": "warn", "ErrorContext": "error", "Log": "", "LogAttrs": ""}

// logged finds the log lines of a package.
func logged(t *testing.T, pkg string) (lines []line) {
	t.Helper()
	var function []string // the keys of all attributes that were made in the function so far
	inspect(t, pkg, func(n ast.Node) {
		if _, ok := n.(*ast.FuncDecl); ok {
			function = nil
		}
		call, ok := n.(*ast.CallExpr)
		if !ok {
			return
		}
		if key := attributeKey(call); key != "" {
			function = append(function, key)
		}
		_, method := callee(call)
		level, ok := levels[method]
		if !ok || len(call.Args) == 0 {
			return
		}
		args := call.Args
		if level == "" || strings.HasSuffix(method, "Context") {
			args = args[1:]
		}
		if level == "" {
			level = "by kind"
			if constant, ok := args[0].(*ast.SelectorExpr); ok {
				level = strings.ToLower(strings.TrimPrefix(constant.Sel.Name, "Level"))
			}
			args = args[1:]
		}
		l := line{pkg: pkg, level: level, message: literal(args[0])}
		var keys []string
		for i, arg := range args[1:] {
			if key := attributeKey(arg); key != "" {
				keys = append(keys, key)
			} else if key := literal(arg); key != "" && i%2 == 0 {
				keys = append(keys, key)
			}
		}
		if call.Ellipsis.IsValid() {
			keys = function
		}
		l.keys = strings.Join(keys, " ")
		lines = append(lines, l)
	})
	return lines
}

// attributeKey is the key of slog.String("key", …) and the like, "" of anything else.
func attributeKey(e ast.Expr) string {
	call, ok := e.(*ast.CallExpr)
	if !ok || len(call.Args) != 2 {
		return ""
	}
	if of, _ := callee(call); of != "slog" {
		return ""
	}
	return literal(call.Args[0])
}

// callee is what is called: a method, or a function of a package, and of what.
func callee(call *ast.CallExpr) (of, name string) {
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", ""
	}
	if id, ok := selector.X.(*ast.Ident); ok {
		of = id.Name
	}
	return of, selector.Sel.Name
}

// literal is the value of a string literal, "" of anything else.
func literal(e ast.Expr) string {
	if sum, ok := e.(*ast.BinaryExpr); ok { // of a text in two lines
		return literal(sum.X) + literal(sum.Y)
	}
	lit, ok := e.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return ""
	}
	text, _ := strconv.Unquote(lit.Value)
	return text
}

// inspect shows each node of a package, its tests left out.
func inspect(t *testing.T, pkg string, look func(ast.Node)) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("../..", pkg, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no package %s: %v", pkg, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		ast.Inspect(file, func(n ast.Node) bool {
			look(n)
			return true
		})
	}
}
