package wxotel

import (
	"context"
	"errors"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"

	"github.com/wxoauth/wxoauth/core"
)

// scope names this package to OpenTelemetry.
const scope = "github.com/wxoauth/wxoauth/observe/wxotel"

// The keys of attributes.
const (
	eventKey   = attribute.Key("wxoauth.event")
	kindKey    = attribute.Key("wxoauth.kind")
	pathKey    = attribute.Key("wxoauth.path")
	errcodeKey = attribute.Key("wxoauth.errcode")
	errorKey   = attribute.Key("error.type")
)

// Config says where measurements go.
type Config struct {
	MeterProvider  metric.MeterProvider // default: the global one
	TracerProvider trace.TracerProvider // default: the global one
}

// New makes an Observer. One serves any number of accounts and clients. The error is what the
// MeterProvider has against an instrument.
func New(cfg Config) (core.Observer, error) {
	if cfg.MeterProvider == nil {
		cfg.MeterProvider = otel.GetMeterProvider()
	}
	if cfg.TracerProvider == nil {
		cfg.TracerProvider = otel.GetTracerProvider()
	}
	m := &maker{meter: cfg.MeterProvider.Meter(scope)}
	o := &observer{
		tracer: cfg.TracerProvider.Tracer(scope),
		logins: m.counter("wxoauth.logins", "{login}", "Logins by how far they came."),
		loginTime: m.histogram("wxoauth.login.duration",
			"Time from the login code to the saved session."),
		upstreamTime: m.histogram("wxoauth.upstream.duration", "Time that calls to WeChat took."),
		refreshes: m.counter("wxoauth.profile.refreshes", "{refresh}",
			"Profiles refreshed in passing."),
		refreshTime: m.histogram("wxoauth.profile.refresh.duration",
			"Time that refreshing a profile took."),
		ended: m.counter("wxoauth.sessions.ended", "{session}",
			"Logouts, and calls that ended all sessions of a user."),
		storeDown: m.counter("wxoauth.store.down", "{failure}",
			"Requests that found the session store down."),
	}
	if err := errors.Join(m.faults...); err != nil {
		return nil, err
	}
	return o, nil
}

// A maker makes instruments and keeps what went wrong.
type maker struct {
	meter  metric.Meter
	faults []error
}

func (m *maker) counter(name, unit, description string) metric.Int64Counter {
	c, err := m.meter.Int64Counter(name, metric.WithUnit(unit), metric.WithDescription(description))
	m.faults = append(m.faults, err)
	return c
}

func (m *maker) histogram(name, description string) metric.Float64Histogram {
	// From a local answer to the 30 seconds that a media transfer may take.
	bounds := metric.WithExplicitBucketBoundaries(0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5,
		0.75, 1, 2.5, 5, 7.5, 10, 30)
	h, err := m.meter.Float64Histogram(name, metric.WithUnit("s"),
		metric.WithDescription(description), bounds)
	m.faults = append(m.faults, err)
	return h
}

type observer struct {
	tracer                              trace.Tracer
	logins, refreshes, ended, storeDown metric.Int64Counter
	loginTime, refreshTime              metric.Float64Histogram
	upstreamTime                        metric.Float64Histogram
}

// Observe implements [core.Observer]. An event that a later version of the library invents is
// passed over.
func (o *observer) Observe(ctx context.Context, e core.Event) {
	switch e.Name {
	case core.EventLoginStarted, core.EventLoginRestarted, core.EventLoginRefused:
		o.logins.Add(ctx, 1, loginAttributes(e))
	case core.EventLoginFinished:
		o.logins.Add(ctx, 1, loginAttributes(e))
		o.measure(ctx, o.loginTime, "wxoauth login", trace.SpanKindInternal, e, kind(e))
	case core.EventUpstreamCall:
		o.measure(ctx, o.upstreamTime, "wechat "+e.Kind, trace.SpanKindClient, e, call(e))
	case core.EventProfileRefreshed:
		o.refreshes.Add(ctx, 1, metric.WithAttributes(kind(e)...))
		o.measure(ctx, o.refreshTime, "wxoauth profile refresh", trace.SpanKindInternal, e, kind(e))
	case core.EventSessionEnded:
		o.ended.Add(ctx, 1, metric.WithAttributes(kind(e)...))
	case core.EventStoreDown:
		o.storeDown.Add(ctx, 1, metric.WithAttributes(kind(e)...))
	}
}

// measure records what is just over, as a duration and as a span that began that long ago.
func (o *observer) measure(
	ctx context.Context, h metric.Float64Histogram, name string, as trace.SpanKind, e core.Event,
	attributes []attribute.KeyValue,
) {
	end := time.Now()
	h.Record(ctx, e.Duration.Seconds(), metric.WithAttributes(attributes...))
	_, span := o.tracer.Start(ctx, name, trace.WithSpanKind(as),
		trace.WithTimestamp(end.Add(-e.Duration)), trace.WithAttributes(attributes...))
	switch {
	case e.Code != 0:
		span.SetStatus(codes.Error, e.Code.Error())
	case e.Failed:
		span.SetStatus(codes.Error, "no answer")
	}
	span.End(trace.WithTimestamp(end))
}

func loginAttributes(e core.Event) metric.MeasurementOption {
	attributes := append(kind(e), eventKey.String(e.Name))
	if e.Code != 0 {
		attributes = append(attributes, errcodeKey.Int(int(e.Code)))
	}
	return metric.WithAttributes(attributes...)
}

func kind(e core.Event) []attribute.KeyValue {
	if e.Kind == "" {
		return nil
	}
	return []attribute.KeyValue{kindKey.String(e.Kind)}
}

func call(e core.Event) []attribute.KeyValue {
	attributes := []attribute.KeyValue{pathKey.String(e.Kind), errcodeKey.Int(int(e.Code))}
	switch {
	case e.Code != 0:
		attributes = append(attributes, errorKey.String("refused"))
	case e.Failed:
		attributes = append(attributes, errorKey.String("no_answer"))
	}
	return attributes
}
