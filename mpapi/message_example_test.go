package mpapi_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/wxoauth/wxoauth/core"
	"github.com/wxoauth/wxoauth/mpapi"
)

func ExampleMessageService_CreateActivityID() {
	api, sim := simulate()
	activity, err := api.Message.CreateActivityID(context.Background(), mpapi.CreateActivityIDRequest{OpenID: sim.openID})
	fmt.Println(activity.ActivityID != "", time.Until(activity.Expiry).Round(time.Hour), err)
	// Output: true 24h0m0s <nil>
}

func ExampleMessageService_SetUpdatableMsg() {
	api, _ := simulate()
	ctx := context.Background()
	activity, err := api.Message.CreateActivityID(ctx, mpapi.CreateActivityIDRequest{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(api.Message.SetUpdatableMsg(ctx, mpapi.SetUpdatableMsgRequest{
		ActivityID:   activity.ActivityID,
		TargetState:  mpapi.TargetNotStarted,
		TemplateInfo: mpapi.TemplateInfo{MemberCount: 2, RoomLimit: 3},
	}))
	started := mpapi.SetUpdatableMsgRequest{
		ActivityID:   activity.ActivityID,
		TargetState:  mpapi.TargetStarted,
		TemplateInfo: mpapi.TemplateInfo{Path: "pages/room?id=7", VersionType: "release"},
	}
	fmt.Println(api.Message.SetUpdatableMsg(ctx, started))

	again := api.Message.SetUpdatableMsg(ctx, started)
	fmt.Println(errors.Is(again, core.Code(47502))) // started is final
	// Output:
	// <nil>
	// <nil>
	// true
}
