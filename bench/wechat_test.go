package bench

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
)

// wechat answers a login's two calls with canned bytes; the code is the user's number.
type wechat struct{ calls int }

func (w *wechat) RoundTrip(r *http.Request) (*http.Response, error) {
	w.calls++
	q := r.URL.Query()
	var body string
	switch r.URL.Path {
	case "/sns/oauth2/access_token":
		n, err := strconv.Atoi(q.Get("code"))
		must(err)
		u := userN(n)
		body = fmt.Sprintf(`{"access_token":%q,"expires_in":7200,"refresh_token":%q,"openid":%q,"scope":"snsapi_userinfo","unionid":%q}`,
			u.AccessToken, u.RefreshToken, u.OpenID, u.UnionID)
	case "/sns/userinfo":
		n, err := strconv.Atoi(strings.TrimLeft(q.Get("openid")[22:], "0") + "")
		if err != nil {
			n = 0
		}
		u := userN(n)
		body = fmt.Sprintf(`{"openid":%q,"nickname":%q,"sex":1,"province":%q,"city":%q,"country":%q,"headimgurl":%q,"privilege":[],"unionid":%q,"language":"zh_CN"}`,
			u.OpenID, u.Nickname, u.Province, u.City, u.Country, u.HeadImgURL, u.UnionID)
	case "/cgi-bin/stable_token":
		body = `{"access_token":"ACCESS_TOKEN","expires_in":7200}`
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}
