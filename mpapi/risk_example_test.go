package mpapi_test

import (
	"context"
	"fmt"

	"github.com/wxoauth/wxoauth/mpapi"
)

func ExampleRiskService_UserRiskRank() {
	api, sim := simulate()
	risk, err := api.Risk.UserRiskRank(context.Background(), mpapi.UserRiskRankRequest{OpenID: sim.openID, Scene: 0, ClientIP: "203.0.113.7"})
	fmt.Println(risk.RiskRank, risk.UnoinID, err)
	// Output: 0 2258658297 <nil>
}
