package wxsim

import "time"

// A faultKind is a choice on the page.
type faultKind struct {
	Name, Chinese, English string
	Number                 string // an example of the number it takes; "" if it takes none

	fault func(number int) Fault
}

func faultKinds() []faultKind {
	seconds := func(fault func(time.Duration) Fault) func(int) Fault {
		return func(n int) Fault { return fault(time.Duration(n) * time.Second) }
	}
	plainly := func(fault func() Fault) func(int) Fault {
		return func(int) Fault { return fault() }
	}
	return []faultKind{
		{"code", "返回 errcode", "answer an errcode", "45009", Code},
		{"status", "返回 HTTP 状态码", "answer an HTTP status", "502", Status},
		{"html", "返回网页而不是 JSON", "answer a page instead of JSON", "", plainly(HTML)},
		{"empty", "返回空正文", "answer an empty body", "", plainly(EmptyBody)},
		{"delay", "先等待，再处理", "wait, then do it", "5", seconds(Delay)},
		{"late", "先处理，后回答", "do it, then wait", "5", seconds(Late)},
		{"slow", "慢慢发送", "send it slowly", "5", seconds(Slow)},
		{"hang", "不回答", "never answer", "", plainly(Hang)},
		{"reset", "断开连接", "close the connection", "", plainly(Reset)},
		{"cut", "回答到一半断开", "close it half way through the answer", "", plainly(Cut)},
		{"lost", "处理后断开", "do it, then close the connection", "", plainly(Lost)},
		{"nounionid", "不返回 unionid", "leave the unionid out", "", plainly(NoUnionID)},
	}
}
