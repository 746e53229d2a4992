package wxsim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestPermanentShortLinksRunOut(t *testing.T) {
	s := New(Config{})
	token := s.replaceToken(s.mini(), classicToken, s.Now(), s.Now()).text
	s.permanentLinks = permanentShortURLs - 1
	for _, want := range []string{`"errcode":0`, `"errcode":85400`} {
		w := httptest.NewRecorder()
		s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/wxa/genwxashortlink?access_token="+token, strings.NewReader(`{"page_url":"a","is_permanent":true}`)))
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("answer %s; want %s", w.Body, want)
		}
	}
}
