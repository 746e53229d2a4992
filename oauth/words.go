package oauth

// word returns the text for key, in one of two languages.
func word(lang, key string) string {
	if lang == english {
		return words[key].en
	}
	return words[key].zh
}

// words has all texts of the pages, each under the page's name and a place. {site} is replaced by
// the name of the site.
//
//nolint:gochecknoglobals // a constant table
var words = map[string]struct{ zh, en string }{
	"home":    {"返回首页", "Home page"},
	"support": {"需要帮助？", "Need help?"},
	"code":    {"问题编号", "Reference"},
	"copy":    {"复制链接", "Copy the link"},
	"copied":  {"已复制", "Copied"},

	"denied.title": {"未完成授权", "Permission not granted"},
	"denied.body": {
		"你没有同意授权，或只授权了一部分内容。打开此页面需要你的授权。",
		"You declined, or granted only a part. This page needs your permission to open.",
	},
	"denied.action": {"重新授权", "Ask again"},
	"state.title":   {"登录链接无效", "This login link is not valid"},
	"state.body": {
		"这个登录链接不完整，或不是由本站发出的。请重新登录。",
		"The link is incomplete or was not made by this site. Please log in again.",
	},
	"state.action":  {"重新登录", "Log in again"},
	"cookies.title": {"浏览器没有保存 Cookie", "Your browser did not keep a cookie"},
	"cookies.body": {
		"登录需要使用 Cookie。请在浏览器中允许本站使用 Cookie，然后重试。",
		"Logging in needs cookies. Please allow cookies for this site and try again.",
	},
	"cookies.action": {"重试", "Try again"},
	"code.title":     {"登录已失效", "This login is no longer valid"},
	"code.body": {
		"微信没有接受这次登录，可能已经超时或使用过。请重新登录。",
		"WeChat did not accept it: it is too old or was used before. Please log in again.",
	},
	"code.action":    {"重新登录", "Log in again"},
	"snapshot.title": {"请打开完整页面", "Please open the full page"},
	"snapshot.body": {
		"当前是微信的快照页，无法登录。请点击页面右下角的“使用完整服务”，然后重试。",
		"This is a snapshot page of WeChat, where logging in is not possible. Tap “Use full " +
			"service” at the bottom right, then try again.",
	},
	"snapshot.action": {"重试", "Try again"},
	"blocked.title":   {"微信限制了此账号登录", "WeChat restricts this account"},
	"blocked.body": {
		"微信因安全原因暂时限制了你的账号。请按微信中的提示处理后重试。",
		"WeChat has restricted your account for security reasons. Follow its instructions in " +
			"the app, then try again.",
	},
	"blocked.action": {"重试", "Try again"},
	"identity.title": {"登录未成功", "Login not completed"},
	"identity.body": {
		"微信返回的用户信息不一致，为了你的账号安全，本次登录已取消。",
		"WeChat's answers about you do not match. To protect your account the login was stopped.",
	},
	"identity.action": {"重新登录", "Log in again"},
	"limited.title":   {"登录人数过多", "Too many people are logging in"},
	"limited.body":    {"请稍后再试。", "Please wait a moment and try again."},
	"limited.action":  {"重试", "Try again"},
	"quota.title":     {"今日登录次数已达上限", "Today's login limit is reached"},
	"quota.body": {
		"请明天再试，或联系管理员。",
		"Please try again tomorrow, or contact the site's operator.",
	},
	"quota.action":   {"重试", "Try again"},
	"upstream.title": {"暂时连接不上微信", "WeChat cannot be reached"},
	"upstream.body": {
		"微信服务器没有正常应答。请稍后重试。",
		"WeChat's server did not answer properly. Please try again later.",
	},
	"upstream.action": {"重试", "Try again"},
	"config.title":    {"暂时无法登录", "Login is not available now"},
	"config.body": {
		"本站的微信登录设置有误，管理员可以在日志中看到原因。",
		"This site's WeChat login is not set up correctly. Its operator finds the cause in the " +
			"log.",
	},
	"config.action": {"重试", "Try again"},
	"store.title":   {"服务暂时不可用", "Service unavailable"},
	"store.body": {
		"请稍等几秒再试，你的登录状态不会丢失。",
		"Please try again in a few seconds. You stay signed in.",
	},
	"store.action":          {"重试", "Try again"},
	"refused_by_app.title":  {"登录被拒绝", "Login refused"},
	"refused_by_app.body":   {"本站没有接受你的登录。", "This site did not accept your login."},
	"refused_by_app.action": {"重新登录", "Log in again"},
	"app.title":             {"暂时无法登录", "Login is not available now"},
	"app.body": {
		"本站出了点问题，登录没有完成。请稍后重试。",
		"Something went wrong on this site, and you are not logged in. Please try again later.",
	},
	"app.action": {"重试", "Try again"},

	"open-in-wechat.title": {"请在微信中打开", "Please open in WeChat"},
	"open-in-wechat.body": {
		"用微信扫码，或在微信中打开此链接。",
		"Scan the code with WeChat, or open this link in WeChat.",
	},
	"open-in-wechat.alt": {"当前页面链接的二维码", "QR code of this page's link"},
	"open-link.title":    {"请在微信中打开", "Please open in WeChat"},
	"open-link.body": {
		"请复制下面的链接，发到微信中打开。",
		"Copy this link, send it to yourself in WeChat and open it there.",
	},
	"signed-out.title":  {"已退出登录", "Signed out"},
	"signed-out.body":   {"你可以关闭此页面。", "You can close this page."},
	"signed-out.action": {"返回首页", "Go to the home page"},
	"framed.title":      {"请打开完整页面登录", "Please log in on a full page"},
	"framed.body": {
		"微信登录不能在内嵌的网页里进行。",
		"WeChat login does not work inside a part of a page.",
	},
	"framed.action": {"打开完整页面", "Open the full page"},
	"login.title":   {"请先登录", "Please log in"},
	"login.body":    {"登录后才能打开此页面。", "This page opens once you have logged in."},
	"login.action":  {"登录", "Log in"},
	"unsent.title":  {"刚才的内容没有提交成功", "What you sent was not processed"},
	"unsent.body": {
		"你的登录已过期，刚才提交的内容没有处理。请重新登录后再提交一次。",
		"Your login had expired, so nothing was done with what you sent. Log in again, then " +
			"send it once more.",
	},
	"unsent.action": {"重新登录", "Log in again"},

	"ask.title":   {"{site} 想获取你的微信头像和昵称", "{site} would like your WeChat avatar and nickname"},
	"ask.body":    {"点击后，微信会再向你确认一次。", "After you tap the button, WeChat will ask you once more."},
	"ask.what":    {"获取的信息", "What is asked for"},
	"ask.data":    {"你的微信头像和昵称", "Your WeChat avatar and nickname"},
	"ask.why":     {"用途", "What it is for"},
	"ask.purpose": {"用于登录，并在本站显示你的身份", "To sign you in, and to show on this site who you are"},
	"ask.action":  {"使用微信登录", "Continue with WeChat"},
	"ask.privacy": {"隐私政策", "Privacy policy"},

	"ticket.title": {"二维码已失效", "This code is no longer valid"},
	"ticket.body": {
		"请回到电脑，刷新页面后重新扫码。",
		"Go back to the computer, load the page again and scan the new code.",
	},
	"ticket.action": {"返回首页", "Home page"},
	"decided.title": {"这个二维码已经用过", "This code was used already"},
	"decided.body": {
		"另一个微信账号已经处理了这次登录。如需登录，请在电脑上刷新页面后重新扫码。",
		"Another WeChat account has answered this request. To log in, load the page on the " +
			"computer again and scan the new code.",
	},
	"decided.action": {"返回首页", "Home page"},

	"desk.title":   {"微信扫码登录", "Log in with WeChat"},
	"desk.alt":     {"用微信扫描的登录二维码", "QR code to log in with, for WeChat's scanner"},
	"desk.number":  {"你的数字", "Your number"},
	"desk.step1":   {"打开微信，用“扫一扫”扫描二维码", "Open WeChat on your phone and scan the code"},
	"desk.step2":   {"在手机上核对网站和浏览器", "On the phone, check the site and the browser"},
	"desk.step3":   {"在手机上点选上面的数字", "Tap the number that you see above"},
	"desk.waiting": {"等待扫码", "Waiting for your phone"},
	"desk.scanned": {"已扫码，请在手机上点选 {number}", "Scanned. Now tap {number} on your phone"},
	"desk.ready":   {"已确认，正在登录…", "Confirmed, logging you in…"},
	"desk.refused": {"手机上拒绝了这次登录，或选错了数字", "Refused on the phone, or another number was chosen"},
	"desk.expired": {"二维码已失效", "This code is no longer valid"},
	"desk.cookies": {
		"浏览器没有保存 Cookie，无法登录",
		"Your browser did not keep a cookie, which logging in needs",
	},
	"desk.again":     {"显示新的二维码", "Show a new code"},
	"desk.here":      {"微信就在这部手机上？打开此链接", "Is WeChat on this very phone? Open this link there"},
	"desk.unscanned": {"无法扫码？", "No scanner at hand?"},
	"desk.noscript":  {"我已在手机上确认", "I have confirmed on my phone"},

	"desk-confirm.title": {"在电脑上登录？", "Log in on a computer?"},
	"desk-confirm.body": {
		"一台设备请求用你的微信账号登录。",
		"A device asks to be logged in with your WeChat account.",
	},
	"desk-confirm.site":    {"网站", "Site"},
	"desk-confirm.device":  {"设备", "Device"},
	"desk-confirm.browser": {"其他浏览器", "Another browser"},
	"desk-confirm.when":    {"时间", "When"},
	"desk-confirm.now":     {"刚刚", "Just now"},
	"desk-confirm.minute":  {"1 分钟前", "1 minute ago"},
	"desk-confirm.minutes": {"{n} 分钟前", "{n} minutes ago"},
	"desk-confirm.as":      {"登录身份", "As"},
	"desk-confirm.ask":     {"电脑上显示的是哪个数字？", "Which number does the computer show?"},
	"desk-confirm.refuse":  {"不是我，拒绝登录", "This is not me: refuse"},
	"desk-confirm.warn": {
		"请只在自己正看着这台电脑时选择数字。如果二维码或数字是别人发来的，请拒绝。",
		"Choose a number only while you look at that computer yourself. If somebody sent you " +
			"the code or the number, refuse.",
	},

	"desk-done.title":    {"已在电脑上登录", "You are logged in on the computer"},
	"desk-done.body":     {"可以关闭此页面，回到电脑继续。", "Close this page and go on at the computer."},
	"desk-refused.title": {"已拒绝登录", "Login refused"},
	"desk-refused.body": {
		"电脑没有登录。如果是点错了，请在电脑上刷新页面后重新扫码。",
		"The computer is not logged in. If that was a slip, load its page again and scan the " +
			"new code.",
	},
}

const (
	chinese = "zh"
	english = "en"
)
