package wxotel_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/observe/wxotel"
)

// A telemetry is OpenTelemetry's SDK in memory, and an observer that feeds it.
type telemetry struct {
	core.Observer

	reader *sdkmetric.ManualReader
	spans  *tracetest.InMemoryExporter
	tracer *sdktrace.TracerProvider
}

func newTelemetry(t *testing.T) *telemetry {
	t.Helper()
	tel := &telemetry{reader: sdkmetric.NewManualReader(), spans: tracetest.NewInMemoryExporter()}
	tel.tracer = sdktrace.NewTracerProvider(sdktrace.WithSyncer(tel.spans))
	var err error
	tel.Observer, err = wxotel.New(wxotel.Config{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(tel.reader)),
		TracerProvider: tel.tracer,
	})
	require.NoError(t, err)
	return tel
}

// collect is what a reader would export now.
func (tel *telemetry) collect(t *testing.T) (all []metricdata.Metrics) {
	t.Helper()
	var got metricdata.ResourceMetrics
	require.NoError(t, tel.reader.Collect(t.Context(), &got))
	for _, scope := range got.ScopeMetrics {
		all = append(all, scope.Metrics...)
	}
	return all
}

// points are the measurements as text, sorted: name{attributes} value unit.
func (tel *telemetry) points(t *testing.T) (points []string) {
	t.Helper()
	add := func(m metricdata.Metrics, set attribute.Set, value any) {
		points = append(points, fmt.Sprintf("%s{%s} %v %s", m.Name, set.Encoded(attribute.DefaultEncoder()), value, m.Unit))
	}
	for _, m := range tel.collect(t) {
		switch data := m.Data.(type) {
		case metricdata.Sum[int64]:
			for _, p := range data.DataPoints {
				add(m, p.Attributes, p.Value)
			}
		case metricdata.Histogram[float64]:
			for _, p := range data.DataPoints {
				add(m, p.Attributes, fmt.Sprintf("%d in %g", p.Count, p.Sum))
			}
		default:
			t.Errorf("%s is a %T", m.Name, data)
		}
	}
	slices.Sort(points)
	return points
}
