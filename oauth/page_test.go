package oauth

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A URL that no phone could scan comes without a code, and the page does not speak of one.
func TestALongURLIsNotScanned(t *testing.T) {
	const begin = "https://shop.example.com/a?q="
	a := &Auth{cfg: Config{PublicURL: "https://shop.example.com"}}
	for _, tt := range []struct {
		name   string
		length int
		code   bool
		word   string
	}{
		{"just short enough", maxScanned, true, "Scan the code"},
		{"too long", maxScanned + 1, false, "Copy this link"},
		{"longer than any code holds", 8000, false, "Copy this link"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			address := begin + strings.Repeat("x", tt.length-len(begin))
			r, w := httptest.NewRequest(http.MethodGet, address, nil), httptest.NewRecorder()
			r.Header.Set("Accept-Language", "en")
			a.openInWeChat(w, r, targetOf(r))
			body := w.Body.String()
			if strings.Contains(body, "<img") != tt.code || !strings.Contains(body, tt.word) || !strings.Contains(body, `href="`+address+`"`) {
				t.Errorf("want a code: %t, %q and the link, in %s", tt.code, tt.word, body)
			}
		})
	}
}

func TestEveryPageSpeaksBothLanguages(t *testing.T) {
	for name, text := range pageTexts["zh"] {
		if other := pageTexts["en"][name]; other.Title == "" || other.Body == "" || (other.Action == "") != (text.Action == "") || (other.Alt == "") != (text.Alt == "") {
			t.Errorf("%s says %+v and %+v", name, text, other)
		}
	}
	if zh, en := len(pageTexts["zh"]), len(pageTexts["en"]); zh != en {
		t.Errorf("%d pages in Chinese, %d in English", zh, en)
	}
}
