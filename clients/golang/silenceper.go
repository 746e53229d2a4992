package main

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // WeChat signs with it
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/silenceper/wechat/v2"
	"github.com/silenceper/wechat/v2/cache"
	"github.com/silenceper/wechat/v2/miniprogram"
	miniconfig "github.com/silenceper/wechat/v2/miniprogram/config"
	"github.com/silenceper/wechat/v2/miniprogram/riskcontrol"
	"github.com/silenceper/wechat/v2/miniprogram/security"
	"github.com/silenceper/wechat/v2/officialaccount"
	"github.com/silenceper/wechat/v2/officialaccount/basic"
	"github.com/silenceper/wechat/v2/officialaccount/config"
	"github.com/silenceper/wechat/v2/officialaccount/material"
	"github.com/silenceper/wechat/v2/officialaccount/message"
	"github.com/silenceper/wechat/v2/officialaccount/oauth"
)

func runSilenceper() {
	c := named("silenceper/wechat", "github.com/silenceper/wechat/v2")
	official, mini := app("WECHAT"), app("WECHAT_MINI")
	wc := wechat.NewWechat()
	wc.SetCache(cache.NewMemory())
	account := wc.GetOfficialAccount(&config.Config{
		AppID: official.id, AppSecret: official.secret,
		Token: os.Getenv("WXSIM_PUSH_TOKEN"), EncodingAESKey: os.Getenv("WXSIM_PUSH_KEY"),
	})
	program := wc.GetMiniProgram(&miniconfig.Config{
		AppID: mini.id, AppSecret: mini.secret, UseStableAK: true,
	})

	silenceperLogin(c, account.GetOauth())
	who := silenceperMini(c, program)
	silenceperAccount(c, account)
	c.step("APIs", func() error {
		return errors.Join(miniAPIs(program, who), sessionAPIs(program), accountAPIs(account),
			pictureAPIs(account))
	})
	c.pushes(official, []string{"XML", "JSON"}, []string{"safe", "compat", "plain"},
		func(w http.ResponseWriter, r *http.Request) {
			server := account.GetServer(r, w)
			server.SetMessageHandler(func(m *message.MixMessage) *message.Reply {
				return &message.Reply{
					MsgType: message.MsgTypeText, MsgData: message.NewText("你说：" + m.Content),
				}
			})
			if err := errors.Join(server.Serve(), server.Send()); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
			}
		})
}

func silenceperLogin(c client, o *oauth.Oauth) {
	var token oauth.ResAccessToken
	c.step("login", func() error {
		for _, scope := range []string{"snsapi_base", "snsapi_userinfo"} {
			page, err := o.GetRedirectURL(callback, scope, "")
			if err != nil {
				return err
			}
			query, err := visit(page, "")
			if err != nil {
				return err
			}
			if token, err = o.GetUserAccessToken(query.Get("code")); err != nil {
				return err
			}
		}
		return want("openid", token.OpenID, os.Getenv("WXSIM_OPENID"))
	})
	c.step("refresh", func() error {
		fresh, err := o.RefreshAccessToken(token.RefreshToken)
		return errors.Join(err, want("openid", fresh.OpenID, os.Getenv("WXSIM_OPENID")))
	})
	c.step("userinfo", func() error {
		user, err := o.GetUserInfo(token.AccessToken, token.OpenID, "zh_CN")
		good, checkErr := o.CheckAccessToken(token.AccessToken, token.OpenID)
		return errors.Join(err, checkErr, want("nickname", user.Nickname, "小明"),
			want("the token's check", good, true))
	})
}

// silenceperMini returns the openid that it logged in.
func silenceperMini(c client, program *miniprogram.MiniProgram) (who string) {
	c.step("code2Session", func() error {
		code, err := onPhone("js_code")
		if err != nil {
			return err
		}
		session, err := program.GetAuth().Code2Session(code["code"])
		if err != nil {
			return err
		}
		who = session.OpenID
		data, err := onPhone("phone_data")
		if err != nil {
			return err
		}
		plain, err := program.GetEncryptor().Decrypt(session.SessionKey, data["encryptedData"],
			data["iv"])
		return errors.Join(err, want("phone number", plain.PhoneNumber, "13800138000"))
	})
	c.step("phone", func() error {
		code, err := onPhone("phone_code")
		if err != nil {
			return err
		}
		got, err := program.GetAuth().GetPhoneNumber(code["code"])
		if err != nil {
			return err
		}
		return want("phone number", got.PhoneInfo.PurePhoneNumber, "13800138000")
	})
	return who
}

func miniAPIs(program *miniprogram.MiniProgram, who string) error {
	_, text := program.GetSecurity().MsgCheck(&security.MsgCheckRequest{
		OpenID: who, Scene: 1, Content: "<你好> & \"再见\"",
	})
	_, media := program.GetSecurity().MediaCheckAsync(&security.MediaCheckAsyncRequest{
		OpenID: who, Scene: 1, MediaURL: "https://app.example.com/a.png", MediaType: 2,
	})
	_, risk := program.GetRiskControl().GetUserRiskRank(&riskcontrol.UserRiskRankRequest{
		AppID: program.GetContext().AppID, OpenID: who, ClientIP: "203.0.113.7",
	})
	_, link := program.GetShortLink().GenerateShortLinkTemp("pages/index?a=1", "首页")
	_, retain := program.GetAnalysis().GetAnalysisDailyRetain("20261101", "20261101")
	return errors.Join(text, media, risk, link, retain)
}

// sessionAPIs makes the calls about a session. They are signed with an HMAC of an empty body.
func sessionAPIs(program *miniprogram.MiniProgram) error {
	code, err := onPhone("js_code")
	if err != nil {
		return err
	}
	session, err := program.GetAuth().Code2Session(code["code"])
	if err != nil {
		return err
	}
	sign := func(key string) string {
		return hex.EncodeToString(hmac.New(sha256.New, []byte(key)).Sum(nil))
	}
	check := program.GetAuth().CheckSession(sign(session.SessionKey), session.OpenID)
	keys, err := program.GetAuth().GetUserEncryptKey(sign(session.SessionKey), session.OpenID)
	if err = errors.Join(check, err); err != nil {
		return err
	}
	fresh, err := program.GetAuth().ResetUserSessionKey(sign(session.SessionKey), session.OpenID)
	if err != nil {
		return err
	}
	plugin, err := onPhone("plugin_code")
	if err != nil {
		return err
	}
	_, err = program.GetAuth().GetPluginOpenPID(plugin["code"])
	return errors.Join(err, want("keys", len(keys.KeyInfoList), 1),
		want("a new session_key", fresh.SessionKey != session.SessionKey, true))
}

func pictureAPIs(account *officialaccount.OfficialAccount) error {
	const address = "https://app.example.com/a.png?a=1&b=2"
	id, front := account.GetOCR().IDCard(address)
	bank, card := account.GetOCR().BankCard(address)
	_, driving := account.GetOCR().Driving(address)
	_, driver := account.GetOCR().DrivingLicense(address)
	_, business := account.GetOCR().BizLicense(address)
	_, text := account.GetOCR().Common(address)
	return errors.Join(front, card, driving, driver, business, text,
		want("a name", id.Name != "", true), want("a number", bank.Number != "", true))
}

func accountAPIs(account *officialaccount.OfficialAccount) error {
	for _, ask := range []*basic.Request{
		basic.NewTmpQrRequest(time.Minute, 123), basic.NewLimitQrRequest("shop 7"),
	} {
		ticket, err := account.GetBasic().GetQRTicket(ask)
		if err != nil {
			return err
		}
		if _, body, err := get(basic.ShowQRCode(ticket)); err != nil || len(body) == 0 {
			return fmt.Errorf("%d bytes of a QR code, %w", len(body), err)
		}
	}
	user, err := account.GetUser().GetUserInfo(os.Getenv("WXSIM_OPENID"))
	if err != nil {
		return err
	}
	return want("openid", user.OpenID, os.Getenv("WXSIM_OPENID"))
}

func silenceperAccount(c client, account *officialaccount.OfficialAccount) {
	c.step("token", func() error {
		first, err := account.GetAccessToken()
		second, again := account.GetAccessToken()
		return errors.Join(err, again, want("the cached token", second, first))
	})
	c.step("media", func() error {
		media, err := account.GetMaterial().MediaUpload(material.MediaTypeImage,
			os.Getenv("WXSIM_PICTURE"))
		if err != nil {
			return err
		}
		address, err := account.GetMaterial().GetMediaURL(media.MediaID)
		if err != nil {
			return err
		}
		_, body, err := get(address)
		return errors.Join(err, sameFile(body, os.Getenv("WXSIM_PICTURE")))
	})
	c.step("JS-SDK", func() error {
		const page = "https://app.example.com/page?a=1"
		cfg, err := account.GetJs().GetConfig(page)
		if err != nil {
			return err
		}
		token, err := account.GetAccessToken()
		if err != nil {
			return err
		}
		ticket, err := account.GetJs().GetTicket(token)
		if err != nil {
			return err
		}
		signed := fmt.Appendf(nil, "jsapi_ticket=%s&noncestr=%s&timestamp=%d&url=%s", ticket,
			cfg.NonceStr, cfg.Timestamp, page)
		sum := sha1.Sum(signed) //nolint:gosec // as WeChat does
		return want("signature", cfg.Signature, hex.EncodeToString(sum[:]))
	})
}
