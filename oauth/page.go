package oauth

import (
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"

	"golang.org/x/text/language"
	"rsc.io/qr"
)

//go:embed page.html
var pageHTML string

var pageTemplate = template.Must(template.New("page").Parse(pageHTML)) //nolint:gochecknoglobals // parsed once, never changed

// A page is one of the small pages that end a login, or a logout.
type page struct {
	Name string       // a Kind or one of the names below: the key of its texts
	URL  string       // where the page's link leads; empty: to the home page
	QR   template.URL // an image that holds URL; empty: none
	Lang string       // "zh" or "en"
}

const (
	openInWeChatPage = "open_in_wechat"
	openLinkPage     = "open_link" // the same for a URL that is too long for a QR code
	signedOutPage    = "signed_out"
)

// maxScanned is how long a URL may be, in bytes, for phones to read its code from a screen.
const maxScanned = 800

// Good is whether the page has good news.
func (p page) Good() bool { return p.Name == signedOutPage }

// Text is what the page says in its language.
func (p page) Text() pageText { return pageTexts[p.Lang][p.Name] }

// openInWeChat answers other browsers, where there is no QR login.
func (a *Auth) openInWeChat(w http.ResponseWriter, r *http.Request, t target) {
	p := page{Name: openLinkPage, URL: a.cfg.PublicURL + t.String()}
	if len(p.URL) <= maxScanned {
		if code, err := qr.Encode(p.URL, qr.M); err == nil {
			code.Scale = 6
			p.Name = openInWeChatPage
			p.QR = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(code.PNG())) //nolint:gosec // an image that we drew
		}
	}
	setHeaders(w.Header())
	w.Header().Set("WWW-Authenticate", "WeChat")
	writePage(w, r, http.StatusUnauthorized, p)
}

// writePage renders p in the visitor's language.
func writePage(w http.ResponseWriter, r *http.Request, status int, p page) {
	p.Lang = languageOf(r)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", p.Lang)
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'")
	w.WriteHeader(status)
	_ = pageTemplate.Execute(w, p) // fails only when the browser hangs up
}

// languageOf is Chinese unless the browser prefers English.
func languageOf(r *http.Request) string {
	accepted := r.Header.Get("Accept-Language")
	if len(accepted) > 256 {
		accepted = ""
	}
	tags, _, err := language.ParseAcceptLanguage(accepted)
	if err != nil || len(tags) == 0 {
		return "zh"
	}
	_, best, _ := language.NewMatcher([]language.Tag{language.Chinese, language.English}).Match(tags...)
	return []string{"zh", "en"}[best]
}

type pageText struct{ Title, Body, Action, Alt string }

// pageTexts holds every page in every language.
//
//nolint:gochecknoglobals // a constant table
var pageTexts = map[string]map[string]pageText{
	"zh": {
		string(KindDenied):       {"未完成授权", "您没有同意授权，或只授权了一部分内容。打开此页面需要您的授权。", "重新授权", ""},
		string(KindState):        {"登录链接无效", "这个登录链接不完整，或不是由本站发出的。请重新登录。", "重新登录", ""},
		string(KindCookies):      {"浏览器没有保存 Cookie", "登录需要使用 Cookie。请在浏览器中允许本站使用 Cookie，然后重试。", "重试", ""},
		string(KindCode):         {"登录已失效", "微信没有接受这次登录，可能已经超时或使用过。请重新登录。", "重新登录", ""},
		string(KindSnapshot):     {"请打开完整页面", "当前是微信的快照页，无法登录。请点击页面右下角的“使用完整服务”，然后重试。", "重试", ""},
		string(KindBlocked):      {"微信限制了此账号登录", "微信因安全原因暂时限制了您的账号。请按微信中的提示处理后重试。", "重试", ""},
		string(KindIdentity):     {"登录未成功", "微信返回的用户信息不一致，为了您的账号安全，本次登录已取消。", "重新登录", ""},
		string(KindLimited):      {"登录的人太多了", "请稍等一会儿再试。", "重试", ""},
		string(KindUpstream):     {"暂时连接不上微信", "微信服务器没有正常应答。请稍后重试。", "重试", ""},
		string(KindConfig):       {"暂时无法登录", "本站的微信登录设置有误，管理员可以在日志中看到原因。", "重试", ""},
		string(KindStore):        {"服务暂时不可用", "请稍等几秒再试，您的登录状态不会丢失。", "重试", ""},
		string(KindRefusedByApp): {"登录被拒绝", "本站没有接受您的登录。", "重新登录", ""},
		string(KindApp):          {"暂时无法登录", "本站出了点问题，登录没有完成。请稍后重试。", "重试", ""},
		openInWeChatPage:         {"请在微信中打开", "用微信扫描二维码，或在微信中打开下面的链接。", "", "当前页面链接的二维码"},
		openLinkPage:             {"请在微信中打开", "请复制下面的链接，发到微信中打开。", "", ""},
		signedOutPage:            {"已退出登录", "您可以关闭此页面。", "返回首页", ""},
	},
	"en": {
		string(KindDenied):       {"Permission not granted", "You declined, or granted only a part. This page needs your permission to open.", "Ask again", ""},
		string(KindState):        {"This login link is not valid", "The link is incomplete or was not made by this site. Please log in again.", "Log in again", ""},
		string(KindCookies):      {"Your browser did not keep a cookie", "Logging in needs cookies. Please allow cookies for this site and try again.", "Try again", ""},
		string(KindCode):         {"This login is no longer valid", "WeChat did not accept it: it is too old or was used before. Please log in again.", "Log in again", ""},
		string(KindSnapshot):     {"Please open the full page", "This is a snapshot page of WeChat, where logging in is not possible. Tap “Use full service” at the bottom right, then try again.", "Try again", ""},
		string(KindBlocked):      {"WeChat restricts this account", "WeChat has restricted your account for security reasons. Follow its instructions in the app, then try again.", "Try again", ""},
		string(KindIdentity):     {"Login not completed", "WeChat's answers about you do not match. To protect your account the login was stopped.", "Log in again", ""},
		string(KindLimited):      {"Too many people are logging in", "Please wait a moment and try again.", "Try again", ""},
		string(KindUpstream):     {"WeChat cannot be reached", "WeChat's server did not answer properly. Please try again later.", "Try again", ""},
		string(KindConfig):       {"Login is not available now", "This site's WeChat login is not set up correctly. Its operator finds the cause in the log.", "Try again", ""},
		string(KindStore):        {"Service unavailable", "Please try again in a few seconds. You stay signed in.", "Try again", ""},
		string(KindRefusedByApp): {"Login refused", "This site did not accept your login.", "Log in again", ""},
		string(KindApp):          {"Login is not available now", "Something went wrong on this site, and you are not logged in. Please try again later.", "Try again", ""},
		openInWeChatPage:         {"Please open in WeChat", "Scan the code with WeChat, or open this link in WeChat.", "", "QR code of this page's link"},
		openLinkPage:             {"Please open in WeChat", "Copy this link, send it to yourself in WeChat and open it there.", "", ""},
		signedOutPage:            {"Signed out", "You can close this page.", "Go to the home page", ""},
	},
}
