package mpapi_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpapi"
)

func ExampleSecurityService_MsgSecCheck() {
	api, sim := simulate()
	verdict, err := api.Security.MsgSecCheck(context.Background(), mpapi.MsgSecCheckRequest{OpenID: sim.openID, Scene: 2, Content: "hi"})
	fmt.Println(verdict.Result.Suggest, err)
	// Output: pass <nil>
}

// A risky text is a result; a user who has not been here for a while is an error.
func ExampleSecurityService_MsgSecCheck_outcomes() {
	api, sim := simulate()
	comment := mpapi.MsgSecCheckRequest{OpenID: sim.openID, Scene: 2, Content: "something risky"}

	verdict, err := api.Security.MsgSecCheck(context.Background(), comment)
	fmt.Println(verdict.Result.Suggest == mpapi.SuggestRisky, verdict.Result.Label, err)

	sim.Advance(3 * time.Hour)
	_, err = api.Security.MsgSecCheck(context.Background(), comment)
	fmt.Println(errors.Is(err, core.ErrNoRecentVisit))
	// Output:
	// true 20001 <nil>
	// true
}

func ExampleSecurityService_MediaCheckAsync() {
	api, sim := simulate()
	check, err := api.Security.MediaCheckAsync(context.Background(), mpapi.MediaCheckAsyncRequest{
		OpenID: sim.openID, Scene: 1, MediaURL: "https://example.com/avatar.png", MediaType: 2,
	})
	// Keep check.TraceID: the push with the verdict brings it.
	fmt.Println(len(check.TraceID) > 0, err)
	// Output: true <nil>
}
