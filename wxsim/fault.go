package wxsim

import (
	"encoding/json"
	"net/http"
	"time"
)

// A Fault makes calls fail; see [Server.Fail]. The zero Fault changes nothing.
type Fault struct {
	name string
	wrap func(next responder) responder
}

// String returns a name of the fault, for people.
func (f Fault) String() string { return f.name }

// Then returns a fault with another one inside: Delay(time.Second).Then(Status(502)) waits and
// then answers 502.
func (f Fault) Then(inner Fault) Fault {
	return Fault{f.name + ", " + inner.name, func(next responder) responder {
		return f.around(inner.around(next))
	}}
}

func (f Fault) around(next responder) responder {
	if f.wrap == nil {
		return next
	}
	return f.wrap(next)
}

// instead returns a fault that answers in place of WeChat, which does not get the call: no code is
// spent.
func instead(name string, r responder) Fault {
	return Fault{name, func(responder) responder { return r }}
}

// after returns a fault that changes WeChat's answer. WeChat has handled the call: codes are
// spent.
func after(name string, spoil func(*request, answer) answer) Fault {
	return Fault{name, func(next responder) responder {
		return func(r *request) answer { return spoil(r, next(r)) }
	}}
}

// Code answers with an errcode and its usual errmsg, and like WeChat with status 200. Nothing is
// spent.
func Code(code int) Fault {
	return instead("errcode "+jsonValue(code), func(r *request) answer { return r.refuse(code) })
}

// Status answers an HTTP status with a gateway's HTML page. Nothing is spent.
func Status(status int) Fault {
	text := http.StatusText(status)
	page := "<html><head><title>" + text + "</title></head><body><center><h1>" + jsonValue(status) +
		" " + text + "</h1></center></body></html>\n"
	return named("status "+jsonValue(status), Body(status, "text/html", page))
}

// HTML answers a page with status 200 where JSON was expected. Nothing is spent.
func HTML() Fault {
	return named("HTML", Body(http.StatusOK, "text/html; charset=utf-8",
		"<!DOCTYPE html><html><body>系统繁忙，请稍后再试</body></html>\n"))
}

// EmptyBody answers status 200 and nothing else. Nothing is spent.
func EmptyBody() Fault { return named("empty body", Body(http.StatusOK, "text/plain", "")) }

// Body answers any bytes. Nothing is spent.
func Body(status int, contentType, body string) Fault {
	return instead("body", func(*request) answer {
		return content(status, contentType, []byte(body))
	})
}

// Redirect answers a redirect to another address. Nothing is spent.
func Redirect(status int, url string) Fault {
	return instead("redirect", func(*request) answer {
		return redirectAs(status, url)
	})
}

// Reset closes the connection at once. Nothing is spent.
// Called without a network, ServeHTTP panics with [http.ErrAbortHandler].
func Reset() Fault {
	return instead("reset", func(*request) answer { return answer{dropped: true} })
}

// Hang does not answer: it keeps the request until the client gives up. Nothing is spent.
func Hang() Fault {
	return instead("hang", func(r *request) answer {
		<-r.Context().Done()
		return answer{dropped: true}
	})
}

// Delay waits before WeChat gets the request. If the client gives up meanwhile, nothing is spent.
func Delay(d time.Duration) Fault {
	return Fault{"delay " + d.String(), func(next responder) responder {
		return func(r *request) answer {
			if !wait(r.Context(), d) {
				return answer{dropped: true}
			}
			return next(r)
		}
	}}
}

// Late lets WeChat handle the request at once, but answers after d. If the client gives up
// meanwhile, its code is spent.
func Late(d time.Duration) Fault {
	return after("late "+d.String(), func(r *request, a answer) answer {
		a.dropped = !wait(r.Context(), d) || a.dropped
		return a
	})
}

// Slow sends the true answer's body piece by piece over a time.
func Slow(d time.Duration) Fault {
	return after("slow "+d.String(), func(_ *request, a answer) answer {
		a.pace = d
		return a
	})
}

// Cut announces the true answer's length, sends half of it and closes the connection.
// Called without a network, ServeHTTP panics with [http.ErrAbortHandler].
func Cut() Fault {
	return after("cut", func(_ *request, a answer) answer {
		a.cut = true
		return a
	})
}

// Lost lets WeChat handle the request and closes the connection without an answer. Called without
// a network, ServeHTTP panics with [http.ErrAbortHandler].
func Lost() Fault {
	return after("lost", func(*request, answer) answer { return answer{dropped: true} })
}

// Header adds a header to the answer.
func Header(name, value string) Fault {
	return after("header "+name, func(_ *request, a answer) answer {
		a.header = a.header.Clone()
		if a.header == nil {
			a.header = http.Header{}
		}
		a.header.Set(name, value)
		return a
	})
}

// Edit changes the body of the true answer.
func Edit(edit func(body []byte) []byte) Fault {
	return after("edit", func(_ *request, a answer) answer {
		a.body = edit(a.body)
		return a
	})
}

// Field sets a field of the true JSON answer to a JSON text, or removes it if the text is empty:
// Field("expires_in", `"7200"`), Field("unionid", "").
func Field(name, jsonText string) Fault {
	return named("field "+name, Edit(func(body []byte) []byte {
		var fields map[string]json.RawMessage
		if json.Unmarshal(body, &fields) != nil {
			return body
		}
		delete(fields, name)
		if jsonText != "" {
			fields[name] = json.RawMessage(jsonText)
		}
		pairs := make([]any, 0, 2*len(fields))
		for key, value := range fields {
			pairs = append(pairs, key, rawJSON(value))
		}
		return []byte(object(pairs...))
	}))
}

// NoUnionID leaves the unionid out of answers.
func NoUnionID() Fault { return named("no unionid", Field("unionid", "")) }

func named(name string, f Fault) Fault {
	f.name = name
	return f
}
