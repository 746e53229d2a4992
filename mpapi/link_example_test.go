package mpapi_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/wxoauth/wxoauth/mpapi"
)

func ExampleLinkService_GenerateShortLink() {
	api, _ := simulate()
	short, err := api.Link.GenerateShortLink(context.Background(), mpapi.GenerateShortLinkRequest{PageURL: "pages/cart/cart?id=7", PageTitle: "购物车"})
	fmt.Println(strings.HasPrefix(short.Link, "#小程序://"), err)
	// Output: true <nil>
}
