package docs_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	wxoauth "github.com/wxoauth/wxoauth/adapters/gin"
	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/internal/adaptertest"
)

// One handler serves a browser with a cookie and a mini program with a token.
func TestRecipeBoth(t *testing.T) {
	shop, auth := openAuth(t)
	mini, err := wxoauth.NewMini(wxoauth.MiniConfig{
		AppID: shop.MiniAppID(), Secret: core.Secret(shop.MiniSecret()), Keys: [][]byte{adaptertest.Key('1')}, HTTPClient: shop.client,
	})
	require.NoError(t, err)
	r := gin.New()
	orders := func(c *gin.Context) {
		user, _ := wxoauth.User(c)
		c.String(http.StatusOK, "orders of %s at %s", user.OpenID, user.AppID)
	}

	// region both
	pages, miniProgram := auth.Middleware(), mini.Middleware()
	api := r.Group("/api", func(c *gin.Context) {
		if c.GetHeader("Authorization") != "" { // a browser sends its cookie
			miniProgram(c)
			return
		}
		pages(c)
	})
	api.GET("/orders", orders) // user.AppID says which of the two accounts it is
	// endregion
	r.POST("/mini/login", mini.Login())

	want(t, shop.open(r, "/api/orders"), http.StatusOK, "orders of oXiaoMing at "+shop.AppID())
	openID := shop.OpenID(shop.MiniAppID(), shop.Users()[0])
	login := httptest.NewRecorder()
	r.ServeHTTP(login, httptest.NewRequest(http.MethodPost, "/mini/login", strings.NewReader(`{"code":"`+shop.NewJSCode(openID)+`"}`)))
	var answer struct{ Token string }
	require.NoError(t, json.Unmarshal(login.Body.Bytes(), &answer))
	for token, ends := range map[string]string{
		answer.Token: "orders of " + openID + " at " + shop.MiniAppID(), "made up": `{"error":"login_required"}` + "\n",
	} {
		w, ask := httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/api/orders", nil)
		ask.Header.Set("Authorization", "Bearer "+token)
		r.ServeHTTP(w, ask)
		require.Equal(t, ends, w.Body.String(), w.Code)
	}
}
