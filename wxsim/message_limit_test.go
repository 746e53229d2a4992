package wxsim

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
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
		require.Contains(t, w.Body.String(), want)
	}
}
