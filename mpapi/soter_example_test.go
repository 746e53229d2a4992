package mpapi_test

import (
	"context"
	"fmt"

	"github.com/wxoauth/wxoauth/mpapi"
)

func ExampleSoterService_VerifySignature() {
	api, sim := simulate()
	result := `{"raw":"the challenge that the page was given"}` // of wx.startSoterAuthentication
	for _, signature := range []string{sim.SoterSignature(sim.openID, result), "forged"} {
		check, err := api.Soter.VerifySignature(context.Background(), mpapi.VerifySignatureRequest{
			OpenID: sim.openID, JSONString: result, JSONSignature: signature,
		})
		fmt.Println(check.IsOK, err)
	}
	// Output:
	// true <nil>
	// false <nil>
}
