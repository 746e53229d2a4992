package wxotel_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/observe/wxotel"
)

func TestMetrics(t *testing.T) {
	for _, tt := range []struct {
		name   string
		events []core.Event
		want   []string
	}{
		{"a login", []core.Event{
			{Name: core.EventLoginStarted, Kind: "snsapi_base"},
			{Name: core.EventLoginFinished, Kind: "snsapi_base", Duration: 250 * time.Millisecond},
		}, []string{
			"wxoauth.login.duration{wxoauth.kind=snsapi_base} 1 in 0.25 s",
			"wxoauth.logins{wxoauth.event=login_finished,wxoauth.kind=snsapi_base} 1 {login}",
			"wxoauth.logins{wxoauth.event=login_started,wxoauth.kind=snsapi_base} 1 {login}",
		}},
		{"a desktop that a phone signs in, a web-view, a check", []core.Event{
			{Name: core.EventLoginStarted, Kind: "desk"},
			{Name: core.EventLoginRefused, Kind: "desk"},
			{Name: core.EventLoginFinished, Kind: "handover", Duration: time.Second},
			{Name: core.EventLoginStarted, Kind: "check"},
		}, []string{
			"wxoauth.login.duration{wxoauth.kind=handover} 1 in 1 s",
			"wxoauth.logins{wxoauth.event=login_finished,wxoauth.kind=handover} 1 {login}",
			"wxoauth.logins{wxoauth.event=login_refused,wxoauth.kind=desk} 1 {login}",
			"wxoauth.logins{wxoauth.event=login_started,wxoauth.kind=check} 1 {login}",
			"wxoauth.logins{wxoauth.event=login_started,wxoauth.kind=desk} 1 {login}",
		}},
		{"a login that begins again and is refused by WeChat", []core.Event{
			{Name: core.EventLoginRestarted, Kind: "cookies"},
			{Name: core.EventLoginRefused, Kind: "blocked", Code: core.ErrBlocked},
			{Name: core.EventLoginRefused, Kind: "blocked", Code: core.ErrBlocked},
		}, []string{
			"wxoauth.logins{wxoauth.errcode=40226,wxoauth.event=login_refused,wxoauth.kind=blocked} 2 {login}",
			"wxoauth.logins{wxoauth.event=login_restarted,wxoauth.kind=cookies} 1 {login}",
		}},
		{"calls: good, refused, unanswered", []core.Event{
			{Name: core.EventUpstreamCall, Kind: "/sns/userinfo", Duration: time.Second},
			{Name: core.EventUpstreamCall, Kind: "/sns/userinfo", Duration: 2 * time.Second},
			{Name: core.EventUpstreamCall, Kind: "/sns/userinfo", Duration: time.Second, Code: core.ErrQuota, Failed: true},
			{Name: core.EventUpstreamCall, Kind: "/sns/userinfo", Duration: 5 * time.Second, Failed: true},
		}, []string{
			"wxoauth.upstream.duration{error.type=no_answer,wxoauth.errcode=0,wxoauth.path=/sns/userinfo} 1 in 5 s",
			"wxoauth.upstream.duration{error.type=refused,wxoauth.errcode=45009,wxoauth.path=/sns/userinfo} 1 in 1 s",
			"wxoauth.upstream.duration{wxoauth.errcode=0,wxoauth.path=/sns/userinfo} 2 in 3 s",
		}},
		{"a refreshed profile", []core.Event{{Name: core.EventProfileRefreshed, Kind: "failed", Duration: 2 * time.Second}}, []string{
			"wxoauth.profile.refresh.duration{wxoauth.kind=failed} 1 in 2 s",
			"wxoauth.profile.refreshes{wxoauth.kind=failed} 1 {refresh}",
		}},
		{"logouts of a browser and a mini program, and of a user everywhere", []core.Event{
			{Name: core.EventSessionEnded}, {Name: core.EventSessionEnded, Kind: "mini"}, {Name: core.EventSessionEnded, Kind: "end"},
		}, []string{
			"wxoauth.sessions.ended{wxoauth.kind=end} 1 {session}",
			"wxoauth.sessions.ended{wxoauth.kind=mini} 1 {session}",
			"wxoauth.sessions.ended{} 1 {session}",
		}},
		{"a store that is down", []core.Event{{Name: core.EventStoreDown, Kind: "read"}}, []string{
			"wxoauth.store.down{wxoauth.kind=read} 1 {failure}",
		}},
		{"an event of a later version", []core.Event{{Name: "user_teleported", Kind: "far", Duration: time.Second}}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tel := newTelemetry(t)
			for _, e := range tt.events {
				tel.Observe(t.Context(), e)
			}
			if got := tel.points(t); !slices.Equal(got, tt.want) {
				t.Errorf("points:\n\t%s\nwant\n\t%s", strings.Join(got, "\n\t"), strings.Join(tt.want, "\n\t"))
			}
		})
	}
}

func TestWhatTakesTimeIsASpanBelowTheRequest(t *testing.T) {
	for _, tt := range []struct {
		event       core.Event
		name        string
		kind        trace.SpanKind
		status      codes.Code
		description string
	}{
		{core.Event{Name: core.EventUpstreamCall, Kind: "/sns/userinfo"}, "wechat /sns/userinfo", trace.SpanKindClient, codes.Unset, ""},
		{core.Event{Name: core.EventUpstreamCall, Kind: "/sns/userinfo", Code: core.ErrQuota, Failed: true}, "wechat /sns/userinfo", trace.SpanKindClient, codes.Error, "errcode 45009"},
		{core.Event{Name: core.EventUpstreamCall, Kind: "/sns/userinfo", Failed: true}, "wechat /sns/userinfo", trace.SpanKindClient, codes.Error, "no answer"},
		{core.Event{Name: core.EventLoginFinished, Kind: "mini"}, "wxoauth login", trace.SpanKindInternal, codes.Unset, ""},
		{core.Event{Name: core.EventProfileRefreshed, Kind: "ok"}, "wxoauth profile refresh", trace.SpanKindInternal, codes.Unset, ""},
	} {
		t.Run(tt.name+" "+tt.description, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tel := newTelemetry(t)
				ctx, request := tel.tracer.Tracer("app").Start(t.Context(), "GET /me")
				began := time.Now()
				time.Sleep(3 * time.Second)
				tt.event.Duration = 2 * time.Second
				tel.Observe(ctx, tt.event)

				spans := tel.spans.GetSpans()
				require.Len(t, spans, 1)
				s := spans[0]
				if s.Name != tt.name || s.SpanKind != tt.kind || s.Status.Code != tt.status || s.Status.Description != tt.description {
					t.Errorf("span %q, kind %v, status %+v", s.Name, s.SpanKind, s.Status)
				}
				if s.Parent.SpanID() != request.SpanContext().SpanID() || s.SpanContext.TraceID() != request.SpanContext().TraceID() {
					t.Error("the span is not below the request's")
				}
				if after, took := s.StartTime.Sub(began), s.EndTime.Sub(s.StartTime); after != time.Second || took != 2*time.Second {
					t.Errorf("it began %v after the request and took %v, want 1s and 2s", after, took)
				}
			})
		})
	}
}

func TestWhatTakesNoTimeIsNoSpan(t *testing.T) {
	tel := newTelemetry(t)
	for _, name := range []string{core.EventLoginStarted, core.EventLoginRestarted, core.EventLoginRefused, core.EventSessionEnded, core.EventStoreDown} {
		tel.Observe(t.Context(), core.Event{Name: name})
	}
	require.Empty(t, tel.spans.GetSpans())
}

func TestWithoutProvidersTheGlobalOnesAreUsed(t *testing.T) {
	o, err := wxotel.New(wxotel.Config{})
	require.NoError(t, err)
	o.Observe(t.Context(), core.Event{Name: core.EventLoginFinished, Duration: time.Second}) // to nobody, by default
}

// A picky meter makes no instruments.
type picky struct{ noop.Meter }

var errPicky = errors.New("no more instruments")

func (picky) Int64Counter(string, ...metric.Int64CounterOption) (metric.Int64Counter, error) {
	return noop.Int64Counter{}, errPicky
}

type pickyProvider struct{ noop.MeterProvider }

func (pickyProvider) Meter(string, ...metric.MeterOption) metric.Meter { return picky{} }

func TestAMeterThatRefusesIsAnError(t *testing.T) {
	if o, err := wxotel.New(wxotel.Config{MeterProvider: pickyProvider{}}); o != nil || !errors.Is(err, errPicky) {
		t.Errorf("New = %v, %v; want the meter's error", o, err)
	}
}

// Observers are called from many goroutines at once; the race detector looks on.
func TestAtOnce(t *testing.T) {
	tel := newTelemetry(t)
	done := make(chan struct{})
	for range 8 {
		go func() {
			defer func() { done <- struct{}{} }()
			for range 100 {
				tel.Observe(context.Background(), core.Event{Name: core.EventUpstreamCall, Kind: "/sns/userinfo"})
			}
		}()
	}
	for range 8 {
		<-done
	}
	if got := tel.points(t); len(got) != 1 || !strings.HasSuffix(got[0], " 800 in 0 s") {
		t.Errorf("points: %q", got)
	}
}
