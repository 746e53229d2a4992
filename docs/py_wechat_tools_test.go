package docs_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

// pyWeChatTools are all functions and options of the Python package py_wechat_tools.
var pyWeChatTools = []string{
	"MPTools", "OAToole", "debug", "get_logs_conf", "LogsConf", "passive_access_token", "access_token", "set_access_token",
	"set_cache_obj", "get_cache", "get_access_token_cache", "WeChatDate", "errcode", "errmsg",
	"code2session", "get_access_token", "check_encrypted_data", "get_paid_union_id", "get_plugin_open_pid", "get_phone_number",
	"get_daily_retain", "get_weekly_retain", "get_monthly_retain", "get_daily_summary",
	"get_daily_visit_trend", "get_weekly_visit_trend", "get_monthly_visit_trend", "begin_date", "end_date",
	"ai_crop", "scan_qr_code", "superresolution", "img_url", "img", "get_media", "file_path_name",
	"bankcard", "business_license", "driver_license", "vehicle_license", "idcard", "printed_text",
	"msg_sec_check", "media_check_async", "media_check_async_notify", "create_activity_id", "set_updatable_msg", "TemplateInfo", "kwargs",
	"get_user_risk_rank", "generate", "verify_signature",
	"authorize_userinfo", "init_oa_access_token", "authorize", "get_oa_access_token", "update_oa_access_token", "get_userinfo", "auth_access_token",
	"cache_fun", "cache_args", "cache_kwargs", "redirect_uri", "openid", "oa_access_token", "refresh_token", "code",
	"scope", "snsApiBase", "snsApiUserInfo", "state", "force_popup", "force_snap_shot", "message_push_check",
}

var (
	wordForm   = regexp.MustCompile(`\w+`)
	goNameForm = regexp.MustCompile("`([a-z]+)\\.([A-Z]\\w*)(?:\\.([A-Z]\\w*))?")
)

// What Python programmers look for is in the table of both languages, and what they find exists.
func TestPyWeChatToolsTable(t *testing.T) {
	packages := map[string]*exported{}
	for _, folder := range []string{"core", "core/rediscache", "mpauth", "mpapi", "oauth", "push"} {
		packages[filepath.Base(folder)] = parse(t, folder)
	}
	for _, name := range []string{"docs/py_wechat_tools.md", "docs/py_wechat_tools.zh-CN.md"} {
		var listed []string
		for _, row := range markdown.Read(t, name).Rows() {
			require.Len(t, row, 4, name)
			listed = append(listed, wordForm.FindAllString(row[0], -1)...)
			counterparts := goNameForm.FindAllStringSubmatch(row[1], -1)
			if len(counterparts) == 0 && strings.Contains(row[0], "`") {
				t.Errorf("%s: %s has no counterpart", name, row[0])
			}
			for _, m := range append(counterparts, goNameForm.FindAllStringSubmatch(row[3], -1)...) {
				if slices.Contains([]string{"errors", "time"}, m[1]) {
					continue // of the standard library
				}
				if p := packages[m[1]]; p == nil || !p.has(m[2], m[3]) {
					t.Errorf("%s names %s`, which does not exist", name, m[0])
				}
			}
			for _, link := range (markdown.Document{Text: row[2]}).Links() {
				if !slices.ContainsFunc(counterparts, func(c []string) bool { return strings.Contains(packages[c[1]].source, link) }) {
					t.Errorf("%s: the documentation of no counterpart of %s links to %s", name, row[0], link)
				}
			}
		}
		for _, function := range pyWeChatTools {
			require.Contains(t, listed, function, name)
		}
	}
}

// exported is what a package of ours offers.
type exported struct {
	names  map[string]bool // "Call", "Client", and with what they hold: "Client.AppID"
	source string
}

func parse(t *testing.T, folder string) *exported {
	t.Helper()
	e := &exported{names: map[string]bool{}}
	files, err := filepath.Glob("../" + folder + "/*.go")
	require.NoError(t, err)
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		file, err := parser.ParseFile(token.NewFileSet(), name, source, 0)
		require.NoError(t, err)
		e.source += string(source)
		for _, d := range file.Decls {
			e.add(d)
		}
	}
	return e
}

func (e *exported) add(d ast.Decl) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil {
			e.names[d.Name.Name] = true
			return
		}
		of := d.Recv.List[0].Type
		if pointer, ok := of.(*ast.StarExpr); ok {
			of = pointer.X
		}
		if of, ok := of.(*ast.Ident); ok {
			e.names[of.Name+"."+d.Name.Name] = true
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					e.names[name.Name] = true
				}
			case *ast.TypeSpec:
				e.names[spec.Name.Name] = true
				if fields, ok := spec.Type.(*ast.StructType); ok {
					for _, field := range fields.Fields.List {
						for _, name := range field.Names {
							e.names[spec.Name.Name+"."+name.Name] = true
						}
					}
				}
			}
		}
	}
}

// has reports whether the package exports name, and if part is not empty, a method or field of it.
func (e *exported) has(name, part string) bool {
	return e.names[name] && (part == "" || e.names[name+"."+part])
}
