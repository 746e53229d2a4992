package wxsim

import (
	"fmt"
	"html"
	"net/http"
)

// avatar is GET /wxsim/avatar/{openid}/{size}: a coloured square with the nickname's first letter.
func avatar(w *world, r *http.Request) answer {
	p := w.people[r.PathValue("openid")].person
	if p == nil {
		return plain(http.StatusNotFound, "no such user")
	}
	svg := fmt.Sprintf(`<svg xmlns="http://www.w3.org/2000/svg"
 viewBox="0 0 96 96" width="96" height="96">
<rect width="96" height="96" fill="hsl(%d 45%% 55%%)"/>
<text x="48" y="50" fill="#fff" font-size="46"
 font-family="system-ui,'PingFang SC','Noto Sans CJK SC',sans-serif"
 text-anchor="middle" dominant-baseline="central">%s</text>
</svg>
`, hue(p.number), html.EscapeString(initial(p.Nickname)))
	return answer{status: http.StatusOK, body: []byte(svg), header: http.Header{
		"Content-Type":            {"image/svg+xml"},
		"Cache-Control":           {"no-store"},
		"Content-Security-Policy": {"default-src 'none'; style-src 'unsafe-inline'"},
	}}
}
