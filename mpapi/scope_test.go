package mpapi_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/mpapi"
)

// scope is the server APIs that py_wechat_tools offers beside login, by its names, and ours for
// them. This package offers all of them and nothing else.
var scope = map[string]string{
	"get_daily_retain":        "Analytics.DailyRetain",
	"get_weekly_retain":       "Analytics.WeeklyRetain",
	"get_monthly_retain":      "Analytics.MonthlyRetain",
	"get_daily_summary":       "Analytics.DailySummary",
	"get_daily_visit_trend":   "Analytics.DailyVisitTrend",
	"get_weekly_visit_trend":  "Analytics.WeeklyVisitTrend",
	"get_monthly_visit_trend": "Analytics.MonthlyVisitTrend",
	"ai_crop":                 "Image.AICrop",
	"scan_qr_code":            "Image.ScanQRCode",
	"superresolution":         "Image.SuperResolution",
	"get_media":               "Media.Get",
	"bankcard":                "OCR.BankCard",
	"business_license":        "OCR.BusinessLicense",
	"driver_license":          "OCR.DriverLicense",
	"vehicle_license":         "OCR.VehicleLicense",
	"idcard":                  "OCR.IDCard",
	"printed_text":            "OCR.PrintedText",
	"media_check_async":       "Security.MediaCheckAsync",
	"msg_sec_check":           "Security.MsgSecCheck",
	"create_activity_id":      "Message.CreateActivityID",
	"set_updatable_msg":       "Message.SetUpdatableMsg",
	"get_user_risk_rank":      "Risk.UserRiskRank",
	"generate":                "Link.GenerateShortLink",
	"verify_signature":        "Soter.VerifySignature",
}

func TestScope(t *testing.T) {
	methods := map[string]bool{}
	for service := range reflect.TypeFor[mpapi.Client]().Fields() {
		for method := range service.Type.Methods() {
			methods[service.Name+"."+method.Name] = true
		}
	}
	for name, method := range scope {
		require.True(t, methods[method], name)
	}
	examples, tested := readTests(t)
	for method := range methods {
		require.Contains(t, slices.Collect(maps.Values(scope)), method)
		require.True(t, tested[method], method)
		if service, name, _ := strings.Cut(method, "."); !examples[service+"Service_"+name] {
			t.Errorf("no Example with an output is Example%sService_%s", service, name)
		}
	}
}

// readTests reads this package's test files: which Examples run, by name, and which methods of
// services other functions than Examples call.
func readTests(t *testing.T) (examples, called map[string]bool) {
	t.Helper()
	paths, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	examples, called = map[string]bool{}, map[string]bool{}
	for _, path := range paths {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments|parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, e := range doc.Examples(file) {
			examples[e.Name] = e.Output != ""
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok || strings.HasPrefix(f.Name.Name, "Example") {
				continue
			}
			for node := range ast.Preorder(f) {
				method, ok := node.(*ast.SelectorExpr)
				if !ok {
					continue
				}
				if service, ok := method.X.(*ast.SelectorExpr); ok {
					// c.OCR.BankCard, or mpapi.OCRService.BankCard in a table
					called[strings.TrimSuffix(service.Sel.Name, "Service")+"."+method.Sel.Name] = true
				}
			}
		}
	}
	return examples, called
}
