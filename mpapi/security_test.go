package mpapi_test

import (
	"context"
	"testing"

	"github.com/wxoauth/wxoauth/mpapi"
)

func securityCases() []apiCase {
	text := func(req mpapi.MsgSecCheckRequest) func(context.Context, *mpapi.Client) (any, error) {
		return func(ctx context.Context, c *mpapi.Client) (any, error) { return c.Security.MsgSecCheck(ctx, req) }
	}
	return []apiCase{
		{
			name:   "a text that passes",
			call:   text(mpapi.MsgSecCheckRequest{OpenID: "o1", Scene: 2, Content: "hi"}),
			op:     "POST /wxa/msg_sec_check",
			body:   `{"openid":"o1","scene":2,"content":"hi","version":2}`,
			answer: `{"errcode":0,"errmsg":"ok","result":{"suggest":"pass","label":100},"detail":[{"strategy":"content_model","errcode":0,"suggest":"pass","label":100,"prob":90}],"trace_id":"60ae120f-371d5872-7941a05b"}`,
			want: &mpapi.MsgSecCheckResult{
				TraceID: "60ae120f-371d5872-7941a05b",
				Result:  mpapi.Verdict{Suggest: mpapi.SuggestPass, Label: 100},
				Detail:  []mpapi.VerdictDetail{{Strategy: "content_model", Suggest: "pass", Label: 100, Prob: 90}},
			},
		},
		{
			name: "a risky text is a result",
			call: text(mpapi.MsgSecCheckRequest{
				OpenID: "o1", Scene: 1, Content: `<b>你好 & "再见"</b>` + "\u2028", Nickname: "小明", Title: "题", Signature: "签名",
			}),
			op:   "POST /wxa/msg_sec_check",
			body: `{"openid":"o1","scene":1,"content":"<b>你好 & \"再见\"</b>` + "\u2028" + `","nickname":"小明","title":"题","signature":"签名","version":2}`,
			answer: `{"errcode":0,"errmsg":"ok","result":{"suggest":"risky","label":20001},"detail":[
				{"strategy":"content_model","errcode":0,"suggest":"risky","label":20006,"prob":90},
				{"strategy":"keyword","errcode":0,"suggest":"risky","label":20006,"level":90,"keyword":"x"}],"trace_id":"60ae120f-371d5872-7941a05b"}`,
			want: &mpapi.MsgSecCheckResult{
				TraceID: "60ae120f-371d5872-7941a05b",
				Result:  mpapi.Verdict{Suggest: mpapi.SuggestRisky, Label: 20001},
				Detail: []mpapi.VerdictDetail{
					{Strategy: "content_model", Suggest: "risky", Label: 20006, Prob: 90},
					{Strategy: "keyword", Suggest: "risky", Label: 20006, Level: 90, Keyword: "x"},
				},
			},
		},
		{
			name:   "labels as strings, and a strategy that failed",
			call:   text(mpapi.MsgSecCheckRequest{OpenID: "o1", Scene: 4, Content: "hi"}),
			op:     "POST /wxa/msg_sec_check",
			body:   `{"openid":"o1","scene":4,"content":"hi","version":2}`,
			answer: `{"errcode":"0","errmsg":"ok","result":{"suggest":"review","label":"20003"},"detail":[{"strategy":"content_model","errcode":"-1008"}]}`,
			want: &mpapi.MsgSecCheckResult{
				Result: mpapi.Verdict{Suggest: mpapi.SuggestReview, Label: 20003},
				Detail: []mpapi.VerdictDetail{{Strategy: "content_model", ErrCode: -1008}},
			},
		},
		{
			name: "a picture",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Security.MediaCheckAsync(ctx, mpapi.MediaCheckAsyncRequest{OpenID: "o1", Scene: 1, MediaURL: "https://img.example.com/a.png?a=1&b=2", MediaType: 2})
			},
			op:     "POST /wxa/media_check_async",
			body:   `{"openid":"o1","scene":1,"media_url":"https://img.example.com/a.png?a=1&b=2","media_type":2,"version":2}`,
			answer: `{"errcode":0,"errmsg":"ok","trace_id":"967e945cd8a3e458f3c74dcb886068e9"}`,
			want:   &mpapi.MediaCheckAsyncResult{TraceID: "967e945cd8a3e458f3c74dcb886068e9"},
		},
		{
			name: "a sound",
			call: func(ctx context.Context, c *mpapi.Client) (any, error) {
				return c.Security.MediaCheckAsync(ctx, mpapi.MediaCheckAsyncRequest{OpenID: "o1", Scene: 3, MediaURL: "http://a.example.com/1.mp3", MediaType: 1})
			},
			op:     "POST /wxa/media_check_async",
			body:   `{"openid":"o1","scene":3,"media_url":"http://a.example.com/1.mp3","media_type":1,"version":2}`,
			answer: `{"errcode":0,"errmsg":"ok","trace_id":"t"}`,
			want:   &mpapi.MediaCheckAsyncResult{TraceID: "t"},
		},
	}
}

func TestSecurity(t *testing.T) { run(t, securityCases()) }
