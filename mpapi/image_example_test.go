package mpapi_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/wxoauth/wxoauth/mpapi"
)

func ExampleImageService_AICrop() {
	api, _ := simulate()
	result, err := api.Image.AICrop(context.Background(), mpapi.ImageURL("https://example.com/a.jpg"), 1, 2.35)
	if err != nil {
		fmt.Println(err)
		return
	}
	crop := result.Results[0]
	fmt.Printf("%d,%d to %d,%d of %dx%d\n", crop.Left, crop.Top, crop.Right, crop.Bottom, result.ImgSize.W, result.ImgSize.H)
	// Output: 112,0 to 839,727 of 966x728
}

func ExampleImageService_ScanQRCode() {
	api, _ := simulate()
	result, err := api.Image.ScanQRCode(context.Background(), mpapi.ImageURL("https://example.com/a.jpg"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, code := range result.CodeResults {
		fmt.Println(code.TypeName, code.Data)
	}
	// Output:
	// QR_CODE http://www.qq.com
	// EAN_13 5906789678957
}

func ExampleImageService_SuperResolution() {
	api, _ := simulate()
	picture := mpapi.ImageFile("a.gif", strings.NewReader("GIF89a…"))
	result, err := api.Image.SuperResolution(context.Background(), picture)
	if err != nil {
		fmt.Println(err)
		return
	}
	contentType, err := api.Media.Get(context.Background(), result.MediaID, new(bytes.Buffer))
	fmt.Println(contentType, err)
	// Output: image/gif <nil>
}

func ExampleMediaService_Get() {
	api, sim := simulate()
	mediaID := sim.AddMedia("hello.txt", "text/plain", []byte("hello"))
	var file bytes.Buffer // or an *os.File: nothing is written unless all has come
	contentType, err := api.Media.Get(context.Background(), mediaID, &file)
	fmt.Println(contentType, file.String(), err)
	// Output: text/plain hello <nil>
}
