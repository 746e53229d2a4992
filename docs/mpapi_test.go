package docs_test

import (
	"maps"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/wxoauth/wxoauth/internal/markdown"
)

// Who knows WeChat's name of a call finds ours, and all of ours are there.
func TestTheListOfServerAPIsIsWhole(t *testing.T) {
	mpapi := parse(t, "mpapi")
	for _, page := range []string{"docs/mpapi.md", "docs/mpapi.zh-CN.md"} {
		missing := maps.Clone(mpapi.names)
		for _, row := range markdown.Read(t, page).Rows() {
			m := goNameForm.FindStringSubmatch(row[1])
			if m == nil || !mpapi.has(m[2], m[3]) {
				t.Fatalf("%s: there is no %s", page, row[1])
			}
			delete(missing, m[2]+"."+m[3])
			if at := strings.Trim(row[2], "`"); !strings.Contains(mpapi.source, at+`"`) && !strings.Contains(mpapi.source, `"`+path.Base(at)+`"`) {
				t.Errorf("%s: nothing calls %s", page, at)
			}
		}
		for _, name := range slices.Sorted(maps.Keys(missing)) {
			if service, method, ok := strings.Cut(name, "."); ok && strings.HasSuffix(service, "Service") && method[0] >= 'A' && method[0] <= 'Z' {
				t.Errorf("%s lacks %s", page, name)
			}
		}
	}
}
