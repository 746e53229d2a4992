package wxsim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPermanentShortLinksRunOut(t *testing.T) {
	s := New(Config{})
	token := hold(&s.holder, func(w *world) string {
		w.permanentLinks = permanentShortURLs - 1
		return w.replaceToken(w.first(MiniProgram), classicToken, w.now).text
	})
	for _, want := range []string{`"errcode":0`, `"errcode":85400`} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/wxa/genwxashortlink?access_token="+token, strings.NewReader(`{"page_url":"a","is_permanent":true}`)))
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("answer %s; want %s", w.Body, want)
		}
	}
}
