package mpapi_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpapi"
	"github.com/wxoauth/wxoauth/wxsim"
)

// A simulated is a WeChat on this machine with one user, who has just opened the mini program.
type simulated struct {
	*wxsim.Server

	openID string
}

// simulate makes a simulated WeChat and a Client that calls it.
func simulate() (*mpapi.Client, simulated) {
	sim := wxsim.New(wxsim.Config{})
	user := sim.Users()[0]
	sim.NewJSCode(user.OpenID)
	c, err := core.NewClient(core.ClientConfig{
		AppID: sim.MiniAppID(), Secret: core.Secret(sim.MiniSecret()), HTTPClient: &http.Client{Transport: inMemory{sim}},
	})
	if err != nil {
		panic(err)
	}
	return mpapi.New(c), simulated{sim, sim.OpenID(sim.MiniAppID(), user)}
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

func Example() {
	sim := wxsim.New(wxsim.Config{}) // a WeChat on this machine; leave HTTPClient out for the real one
	account, err := core.NewClient(core.ClientConfig{
		AppID:      sim.MiniAppID(),
		Secret:     core.Secret(sim.MiniSecret()),
		HTTPClient: &http.Client{Transport: inMemory{sim}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	api := mpapi.New(account)

	card, err := api.OCR.BankCard(context.Background(), mpapi.ImageURL("https://example.com/card.jpg"))
	if errors.Is(err, core.ErrQuota) {
		fmt.Println("come back tomorrow")
		return
	}
	fmt.Println(card.Number, err)
	// Output: 622213XXXXXXXXX <nil>
}

// A fault that can be seen on this side costs no call.
func ExampleInputError() {
	api, _ := simulate()
	_, err := api.Security.MsgSecCheck(context.Background(), mpapi.MsgSecCheckRequest{OpenID: "o1", Content: "hi"})
	if fault, ok := errors.AsType[*mpapi.InputError](err); ok {
		fmt.Println(fault.Field, "/", fault.Problem)
	}
	// Output: scene / must be one of [1 2 3 4]
}
