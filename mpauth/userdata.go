package mpauth

import (
	"encoding/json"
	"strconv"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// A Watermark is WeChat's note in encrypted data: for which app it was made, and when.
type Watermark struct {
	AppID     string
	Timestamp time.Time
}

type watermarkJSON struct {
	AppID     string   `json:"appid"`
	Timestamp core.Int `json:"timestamp"` // unix seconds
}

// UnmarshalJSON reads WeChat's form.
func (w *Watermark) UnmarshalJSON(data []byte) error {
	var wire watermarkJSON
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	*w = Watermark{wire.AppID, fromUnix(wire.Timestamp)}
	return nil
}

// MarshalJSON writes WeChat's form.
func (w Watermark) MarshalJSON() ([]byte, error) {
	wire := watermarkJSON{AppID: w.AppID}
	if !w.Timestamp.IsZero() {
		wire.Timestamp = core.Int(w.Timestamp.Unix())
	}
	return json.Marshal(wire)
}

// fromUnix turns WeChat's seconds into a time; 0 becomes the zero time.
func fromUnix(seconds core.Int) time.Time {
	if seconds == 0 {
		return time.Time{}
	}
	return time.Unix(int64(seconds), 0)
}

// UserData is the decrypted encryptedData of wx.getUserInfo and wx.getUserProfile. Today's clients
// fill only a few fields: gender and place are empty, the language is always zh_CN, and
// wx.getUserProfile gives no OpenID and no UnionID.
type UserData struct {
	OpenID    string    `json:"openId"`
	UnionID   string    `json:"unionId"`
	Nickname  string    `json:"nickName"`
	Gender    int       `json:"gender"` // 1 male, 2 female, 0 unknown
	Language  string    `json:"language"`
	City      string    `json:"city"`
	Province  string    `json:"province"`
	Country   string    `json:"country"`
	AvatarURL string    `json:"avatarUrl"`
	Watermark Watermark `json:"watermark"`
}

// PhoneData is a phone number: the decrypted encryptedData of a getPhoneNumber button, and the
// answer of [Client.PhoneNumber].
type PhoneData struct {
	// Foreign numbers begin with the country code.
	PhoneNumber     string    `json:"phoneNumber"`
	PurePhoneNumber string    `json:"purePhoneNumber"` // without the country code
	CountryCode     string    `json:"countryCode"`     // "86"
	Watermark       Watermark `json:"watermark"`
}

// PhoneInfo is [PhoneData] under the name that WeChat's call has for it.
type PhoneInfo = PhoneData

// UnmarshalJSON reads WeChat's form, where countryCode is a string or a number.
func (p *PhoneData) UnmarshalJSON(data []byte) error {
	type plain PhoneData
	wire := struct {
		*plain
		CountryCode digits `json:"countryCode"`
	}{plain: (*plain)(p)}
	if err := json.Unmarshal(data, &wire); err != nil {
		return err
	}
	p.CountryCode = string(wire.CountryCode)
	return nil
}

// digits is a string that WeChat sometimes sends as a number.
type digits string

func (d *digits) UnmarshalJSON(data []byte) error {
	if data[0] == '"' || string(data) == "null" {
		return json.Unmarshal(data, (*string)(d))
	}
	var n core.Int
	if err := n.UnmarshalJSON(data); err != nil {
		return err
	}
	*d = digits(strconv.FormatInt(int64(n), 10))
	return nil
}
