package mpapi_test

import (
	"errors"
	"testing"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpapi"
)

// FuzzAnswer gives every call an answer that nobody documents: a typed error or a result, never a
// panic, and never a verdict out of nothing.
func FuzzAnswer(f *testing.F) {
	cases := everyCase()
	for i, c := range cases {
		f.Add(uint8(i), c.kind, []byte(c.answer))
	}
	f.Add(uint8(0), "application/json", []byte(`{"errcode":1e999,"list":[null],"visit_uv":{"key":0}}`))
	f.Fuzz(func(t *testing.T, which uint8, kind string, answer []byte) {
		c := cases[int(which)%len(cases)]
		w := &wechat{kind: kind, answer: string(answer)}
		got, err := c.call(t.Context(), w.api(t))
		_, refused := errors.AsType[*core.Error](err)
		_, wire := errors.AsType[*core.WireError](err)
		if err != nil && !refused && !wire {
			t.Errorf("%s: %q gave an untyped error: %v", c.name, answer, err)
		}
		if verdict, ok := got.(*mpapi.MsgSecCheckResult); ok && err == nil && verdict.Result.Suggest == "" {
			t.Errorf("%q passed for a verdict: %+v", answer, verdict)
		}
	})
}
