package wxotel_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/observe/wxotel"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A mini program's login, as OpenTelemetry sees it.
func Example() {
	// In a program these are made with the exporters of your choice; with none given, wxotel.New
	// takes the global ones.
	metrics, spans := sdkmetric.NewManualReader(), tracetest.NewInMemoryExporter()
	observer, err := wxotel.New(wxotel.Config{
		MeterProvider:  sdkmetric.NewMeterProvider(sdkmetric.WithReader(metrics)),
		TracerProvider: sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans)),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	sim := wxsim.New(wxsim.Config{})
	if err := sim.Start(); err != nil {
		fmt.Println(err)
		return
	}
	defer sim.Close()
	auth, err := mpauth.New(mpauth.Config{ // oauth.Config and core.ClientConfig have the same field
		AppID: sim.MiniAppID(), Secret: core.Secret(sim.MiniSecret()), APIURL: sim.URL,
		Keys:     [][]byte{[]byte("32 random bytes, kept as secrets")},
		Observer: observer,
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	code := sim.NewJSCode(sim.Users()[0].OpenID) // wx.login()
	login := httptest.NewRequest(http.MethodPost, "/mini/login", strings.NewReader(`{"code":"`+code+`"}`))
	auth.LoginHandler().ServeHTTP(httptest.NewRecorder(), login)

	var collected metricdata.ResourceMetrics
	if err := metrics.Collect(context.Background(), &collected); err != nil {
		fmt.Println(err)
	}
	for _, m := range collected.ScopeMetrics[0].Metrics {
		fmt.Println(m.Name, m.Unit)
	}
	for _, s := range spans.GetSpans() {
		fmt.Println("span:", s.Name)
	}
	// Output:
	// wxoauth.logins {login}
	// wxoauth.login.duration s
	// wxoauth.upstream.duration s
	// span: wechat /sns/jscode2session
	// span: wxoauth login
}
