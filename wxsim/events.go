package wxsim

import (
	"strconv"
	"strings"
)

// A PushFormat is the language of a message push.
type PushFormat int

// The two formats of WeChat's console.
const (
	PushJSON PushFormat = iota
	PushXML
)

// MediaCheckEvent is the verdict about a picture or a sound that media_check_async was asked
// about: suggest is pass, risky or review. It is for [Server.Push].
func (s *Server) MediaCheckEvent(format PushFormat, openID, traceID, suggest string) []byte {
	label := "100"
	if suggest != "pass" {
		label = "20002"
	}
	template := `{"ToUserName":"gh_TO","FromUserName":"FROM","CreateTime":NOW,"MsgType":"event","Event":"wxa_media_check","appid":"APPID","trace_id":"TRACE","version":2,"detail":[{"strategy":"content_model","errcode":0,"suggest":"SUGGEST","label":LABEL,"prob":90}],"errcode":0,"errmsg":"ok","result":{"suggest":"SUGGEST","label":LABEL}}`
	if format == PushXML {
		template = `<xml><ToUserName><![CDATA[gh_TO]]></ToUserName><FromUserName><![CDATA[FROM]]></FromUserName><CreateTime>NOW</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[wxa_media_check]]></Event><appid><![CDATA[APPID]]></appid><trace_id><![CDATA[TRACE]]></trace_id><version>2</version><detail><strategy><![CDATA[content_model]]></strategy><errcode>0</errcode><suggest><![CDATA[SUGGEST]]></suggest><label>LABEL</label><prob>90</prob></detail><errcode>0</errcode><errmsg><![CDATA[ok]]></errmsg><result><suggest><![CDATA[SUGGEST]]></suggest><label>LABEL</label></result></xml>`
	}
	return s.fill(template, "FROM", openID, "TRACE", traceID, "SUGGEST", suggest, "LABEL", label)
}

// AuthorizationEvent says that a user changed what the mini program may know: event is
// user_info_modified, user_authorization_revoke or user_authorization_cancellation.
func (s *Server) AuthorizationEvent(format PushFormat, event, openID string) []byte {
	template := `{"ToUserName":"gh_TO","FromUserName":"oSENDER","CreateTime":NOW,"MsgType":"event","Event":"EVENT","OpenID":"OPENID","AppID":"APPID","RevokeInfo":"301"}`
	if format == PushXML {
		template = `<xml><ToUserName><![CDATA[gh_TO]]></ToUserName><FromUserName><![CDATA[oSENDER]]></FromUserName><CreateTime>NOW</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[EVENT]]></Event><OpenID><![CDATA[OPENID]]></OpenID><AppID><![CDATA[APPID]]></AppID><RevokeInfo><![CDATA[301]]></RevokeInfo></xml>`
	}
	return s.fill(template, "EVENT", event, "OPENID", openID)
}

// fill replaces the words of a template that stand for something.
func (s *Server) fill(template string, words ...string) []byte {
	words = append(words,
		"gh_TO", "gh_870882ca4b1", "oSENDER", "oaKk346BaWE-eIn4oSRWbaM9vR7s",
		"NOW", strconv.FormatInt(s.Now().Unix(), 10), "APPID", s.MiniAppID(),
	)
	return []byte(strings.NewReplacer(words...).Replace(template))
}
