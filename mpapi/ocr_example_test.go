package mpapi_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/wxoauth/wxoauth/mpapi"
)

func ExampleOCRService_BankCard() {
	api, _ := simulate()
	picture := strings.NewReader("GIF89a…") // an *os.File, or a file of an upload
	card, err := api.OCR.BankCard(context.Background(), mpapi.ImageFile("card.gif", picture))
	fmt.Println(card.Number, err)
	// Output: 622213XXXXXXXXX <nil>
}

func ExampleOCRService_BusinessLicense() {
	api, _ := simulate()
	licence, err := api.OCR.BusinessLicense(context.Background(), mpapi.ImageURL("https://example.com/a.jpg"))
	fmt.Println(licence.EnterpriseName, licence.RegNum, licence.CertPosition.Pos.LeftTop, err)
	// Output: XX饮食店 123123 {155 191} <nil>
}

func ExampleOCRService_DriverLicense() {
	api, _ := simulate()
	licence, err := api.OCR.DriverLicense(context.Background(), mpapi.ImageURL("https://example.com/a.jpg"))
	fmt.Println(licence.Name, licence.CarClass, licence.ValidTo, err)
	// Output: 张三 C1 2020-07-01 <nil>
}

func ExampleOCRService_VehicleLicense() {
	api, _ := simulate()
	licence, err := api.OCR.VehicleLicense(context.Background(), mpapi.ImageURL("https://example.com/a.jpg"))
	fmt.Println(licence.PlateNum, licence.VehicleType, licence.PrepareQuality, err)
	// Output: 粤xxxxx 小型普通客车 1995kg <nil>
}

func ExampleOCRService_IDCard() {
	api, _ := simulate()
	for _, side := range []string{"front", "back"} {
		card, err := api.OCR.IDCard(context.Background(), mpapi.ImageURL("https://example.com/"+side+".jpg"))
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(card.Type, card.Name+card.ValidDate)
	}
	// Output:
	// Front 张三
	// Back 20171025-20271025
}

func ExampleOCRService_PrintedText() {
	api, _ := simulate()
	page, err := api.OCR.PrintedText(context.Background(), mpapi.ImageURL("https://example.com/a.jpg"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range page.Items {
		fmt.Println(line.Text, line.Pos.LeftTop)
	}
	// Output:
	// 腾讯 {575 519}
	// 微信团队 {670 516}
}
