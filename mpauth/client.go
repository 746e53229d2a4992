package mpauth

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// ErrArgument is the error of a call whose arguments WeChat would refuse in any case. Nothing was
// sent.
var ErrArgument = errors.New("mpauth: bad argument")

// A Client makes WeChat's calls about the users of one mini program. Make it with [NewClient]; it
// is safe for concurrent use. The errors of its methods are those of [core.Call], and
// [ErrArgument].
type Client struct{ core *core.Client }

// NewClient returns the calls of the mini program that c belongs to.
func NewClient(c *core.Client) *Client { return &Client{c} }

// Format writes only the AppID, whatever the verb.
func (c *Client) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprint(f, "mpauth.Client of ", c.core.AppID())
}

// PhoneNumber returns the phone number that a user shared with a getPhoneNumber button. code comes
// from the button and works once, within 5 minutes; the code of a login gets
// [core.ErrInvalidCode].
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/phone-number/getPhoneNumber.html
func (c *Client) PhoneNumber(ctx context.Context, code string) (*PhoneInfo, error) {
	type answer struct {
		Phone PhoneInfo `json:"phone_info"`
	}
	r, err := spending("/wxa/business/getuserphonenumber", code)
	if err != nil {
		return nil, err
	}
	a, err := core.Call[answer](ctx, c.core, r)
	if err != nil {
		return nil, err
	}
	if a.Phone.PhoneNumber == "" {
		return nil, r.BadAnswer("no phone number")
	}
	return &a.Phone, nil
}

// PluginOpenPID returns the openpid of a plugin's user, which is another one in each plugin. code
// comes from wx.pluginLogin and works once, within 5 minutes.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/basic-info/getPluginOpenPId.html
func (c *Client) PluginOpenPID(ctx context.Context, code string) (string, error) {
	type answer struct {
		OpenPID string `json:"openpid"`
	}
	r, err := spending("/wxa/getpluginopenpid", code)
	if err != nil {
		return "", err
	}
	a, err := core.Call[answer](ctx, c.core, r)
	if err != nil {
		return "", err
	}
	if a.OpenPID == "" {
		return "", r.BadAnswer("no openpid")
	}
	return a.OpenPID, nil
}

// spending returns a request with a code that works once: it is never repeated, and errors do not
// show the code.
func spending(path, code string) (core.Request, error) {
	if code == "" {
		return core.Request{}, fmt.Errorf("%w: code is empty", ErrArgument)
	}
	r := core.Post(path, map[string]string{"code": code})
	r.Once = true
	r.Hide = []string{code}
	return r, nil
}

// An EncryptedDataCheck is WeChat's answer about the origin of encrypted data.
type EncryptedDataCheck struct {
	Valid      bool      // whether WeChat made the data within the last 3 days
	CreateTime time.Time // when WeChat made the data
}

// CheckEncryptedData asks WeChat whether it made the encryptedData of a phone number, within the
// last 3 days. hash is the hex SHA-256 of encryptedData as the client sent it. Data that WeChat
// does not know is refused with errcode 1.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/basic-info/checkEncryptedData.html
func (c *Client) CheckEncryptedData(ctx context.Context, hash string) (*EncryptedDataCheck, error) {
	sum, err := hex.DecodeString(hash)
	if err != nil || len(sum) != sha256.Size {
		return nil, fmt.Errorf("%w: hash is not the hex of a SHA-256", ErrArgument)
	}
	type answer struct {
		Valid      bool     `json:"vaild"` // the spelling is WeChat's
		CreateTime core.Int `json:"create_time"`
	}
	r := core.Post("/wxa/business/checkencryptedmsg",
		map[string]string{"encrypted_msg_hash": hex.EncodeToString(sum)})
	a, err := core.Call[answer](ctx, c.core, r)
	if err != nil {
		return nil, err
	}
	return &EncryptedDataCheck{a.Valid, fromUnix(a.CreateTime)}, nil
}

// PaidUnionIDParams name a user who has just paid, and the payment: either TransactionID, or
// MchID and OutTradeNo.
type PaidUnionIDParams struct {
	OpenID        string // who paid; required
	TransactionID string // WeChat Pay's order number
	MchID         string // the merchant's number at WeChat Pay
	OutTradeNo    string // the merchant's own order number
}

// PaidUnionID returns the unionid of a user within 5 minutes of a payment. The user need not
// consent, but the mini program must be bound to an open-platform account. Errors: errcode 89002
// (not bound), 89300 (no such payment).
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/user-info/basic-info/getPaidUnionid.html
func (c *Client) PaidUnionID(ctx context.Context, p PaidUnionIDParams) (string, error) {
	query := url.Values{"openid": {p.OpenID}}
	switch {
	case p.OpenID == "":
		return "", fmt.Errorf("%w: OpenID is empty", ErrArgument)
	case p.TransactionID != "":
		query.Set("transaction_id", p.TransactionID)
	case p.MchID != "" && p.OutTradeNo != "":
		query.Set("mch_id", p.MchID)
		query.Set("out_trade_no", p.OutTradeNo)
	default:
		return "", fmt.Errorf("%w: neither TransactionID nor MchID and OutTradeNo", ErrArgument)
	}
	type answer struct {
		UnionID string `json:"unionid"`
	}
	r := core.Get("/wxa/getpaidunionid", query)
	a, err := core.Call[answer](ctx, c.core, r)
	if err != nil {
		return "", err
	}
	if a.UnionID == "" {
		return "", r.BadAnswer("no unionid")
	}
	return a.UnionID, nil
}
