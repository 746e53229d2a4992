package jssdk_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/jssdk"
	"github.com/wxoauth/wxoauth/wxsim"
)

func ExampleClient_Sign() {
	sim := wxsim.New(wxsim.Config{}) // a WeChat on this machine; leave HTTPClient out for the real one
	account, err := core.NewClient(core.ClientConfig{
		AppID: sim.AppID(), Secret: core.Secret(sim.Secret()), HTTPClient: &http.Client{Transport: inMemory{sim}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	pages := jssdk.New(account, nil)
	for _, page := range []string{"https://shop.example.com/cart?id=7", "https://shop.example.com/#/cart"} {
		config, err := pages.Sign(context.Background(), page)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(config.AppID == sim.AppID(), len(config.Signature))
	}
	fmt.Println("tickets fetched:", sim.Calls("/cgi-bin/ticket/getticket"))
	// Output:
	// true 40
	// true 40
	// tickets fetched: 1
}

// inMemory calls a handler without a network.
type inMemory struct{ http.Handler }

func (m inMemory) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Result(), nil
}
