package wxsim

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// A FaultSpec is a [Fault] as the page, the control API and the file of cmd/wxsim write it.
type FaultSpec struct {
	Path string `json:"path"` // an API or a page; "*" for every API

	// Kind is code, status, html, empty, delay, late, slow, hang, reset, cut, lost, nounionid,
	// body, redirect, header or field.
	Kind string `json:"kind"`

	// Number is the errcode, the HTTP status, or a time in seconds. Times is how many calls fail;
	// 0 means all until the fault is cleared.
	Number float64 `json:"number,omitempty"`
	Times  int     `json:"times,omitempty"`

	Name string `json:"name,omitempty"` // of a header or a field
	// Of a header, or the JSON text of a field; "" removes the field.
	Value string `json:"value,omitempty"`
	URL   string `json:"url,omitempty"` // of a redirect

	Body        string `json:"body,omitempty"`
	ContentType string `json:"content_type,omitempty"`

	// One more fault inside this one; its Path and Times do not count.
	Then *FaultSpec `json:"then,omitempty"`
}

// A faultKind is one of FaultSpec.Kind.
type faultKind struct {
	Name, Chinese, English string
	Number                 string // an example of the number it takes; "" if it takes none
	Words                  bool   // whether it needs other fields, which the page does not have

	fault func(FaultSpec) Fault
}

func faultKinds() []faultKind {
	number := func(fault func(int) Fault) func(FaultSpec) Fault {
		return func(f FaultSpec) Fault { return fault(int(f.Number)) }
	}
	seconds := func(fault func(time.Duration) Fault) func(FaultSpec) Fault {
		return func(f FaultSpec) Fault {
			return fault(time.Duration(f.Number * float64(time.Second)))
		}
	}
	plainly := func(fault func() Fault) func(FaultSpec) Fault {
		return func(FaultSpec) Fault { return fault() }
	}
	return []faultKind{
		{"code", "返回 errcode", "answer an errcode", "45009", false, number(Code)},
		{"status", "返回 HTTP 状态码", "answer an HTTP status", "502", false, number(Status)},
		{"html", "返回网页而不是 JSON", "answer a page instead of JSON", "", false, plainly(HTML)},
		{"empty", "返回空正文", "answer an empty body", "", false, plainly(EmptyBody)},
		{"delay", "先等待，再处理", "wait, then do it", "5", false, seconds(Delay)},
		{"late", "先处理，后应答", "do it, then wait", "5", false, seconds(Late)},
		{"slow", "缓慢发送", "send it slowly", "5", false, seconds(Slow)},
		{"hang", "不应答", "never answer", "", false, plainly(Hang)},
		{"reset", "断开连接", "close the connection", "", false, plainly(Reset)},
		{"cut", "应答到一半断开", "close it half way through the answer", "", false, plainly(Cut)},
		{"lost", "处理后断开", "do it, then close the connection", "", false, plainly(Lost)},
		{"nounionid", "不返回 unionid", "leave the unionid out", "", false, plainly(NoUnionID)},
		{"body", "返回指定的正文", "answer this body", "", true, func(f FaultSpec) Fault {
			return Body(max(int(f.Number), http.StatusOK), f.ContentType, f.Body)
		}},
		{"redirect", "返回重定向", "answer a redirect", "", true, func(f FaultSpec) Fault {
			return Redirect(max(int(f.Number), http.StatusFound), f.URL)
		}},
		{"header", "增加一个应答头", "add a header", "", true, func(f FaultSpec) Fault {
			return Header(f.Name, f.Value)
		}},
		{"field", "修改一个 JSON 字段", "change a field of the JSON", "", true, func(f FaultSpec) Fault {
			return Field(f.Name, f.Value)
		}},
	}
}

const maxDelay = 600 // seconds

// Fault returns the fault. The error is a [*FieldError].
func (f FaultSpec) Fault() (Fault, error) {
	kinds := faultKinds()
	i := slices.IndexFunc(kinds, func(k faultKind) bool { return k.Name == f.Kind })
	switch {
	case i < 0:
		return Fault{}, &FieldError{"kind", fmt.Sprintf("%q is no kind of fault", f.Kind)}
	case f.Times < 0:
		return Fault{}, &FieldError{"times", "is negative"}
	case (f.Kind == "header" || f.Kind == "field") && f.Name == "":
		return Fault{}, &FieldError{"name", "is empty"}
	case f.Kind == "redirect" && f.URL == "":
		return Fault{}, &FieldError{"url", "is empty"}
	}
	switch limits := map[string][2]float64{
		"status": {200, 599}, "body": {0, 599}, "redirect": {0, 399},
		"delay": {0, maxDelay}, "late": {0, maxDelay}, "slow": {0, maxDelay},
	}[f.Kind]; {
	case limits[1] > 0 && (f.Number < limits[0] || f.Number > limits[1]):
		return Fault{}, &FieldError{
			"number",
			"must be from " + strconv.Itoa(int(limits[0])) + " to " + strconv.Itoa(int(limits[1])),
		}
	case f.Kind == "code" && f.Number == 0:
		return Fault{}, &FieldError{"number", "is missing"}
	}
	fault := kinds[i].fault(f)
	if f.Then == nil {
		return fault, nil
	}
	inner, err := f.Then.Fault()
	return fault.Then(inner), err
}

// FailWith is [Server.Fail] for a FaultSpec. The error is a [*FieldError].
func (s *Server) FailWith(f FaultSpec) error {
	return hold(&s.holder, func(w *world) error { return w.failWith(f) })
}

func (w *world) failWith(f FaultSpec) error {
	fault, err := f.Fault()
	switch {
	case err != nil:
		return err
	case f.Path != AnyPath && !slices.Contains(w.paths, f.Path):
		return &FieldError{"path", "is no path that WeChat answers"}
	case f.Times > 0:
		w.faults.add(f.Path, fault, f.Times)
	default:
		w.faults.add(f.Path, fault)
	}
	return nil
}
