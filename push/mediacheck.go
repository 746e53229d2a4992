package push

import "time"

// A MediaCheck is the result of a check of an image or a sound that the server asked for with
// mpapi's MediaCheckAsync. It arrives within 30 minutes of the call, under the same TraceID.
type MediaCheck struct {
	ToUserName   string // the account's own name, gh_…
	FromUserName string // the platform
	CreateTime   time.Time
	AppID        string
	TraceID      string // as MediaCheckAsync returned it
	Version      int    // 2, or 1 on accounts that still use the first version of the API
	// 0, or why nothing was checked: -1008 if WeChat could not fetch the media URL.
	ErrCode   int
	ErrMsg    string
	Result    MediaCheckResult   // of all checks together; version 2
	Detail    []MediaCheckDetail // each check
	IsRisky   bool               // version 1
	ExtraInfo string             // extra_info_json of version 1, usually ""
}

// A MediaCheckResult is WeChat's advice.
type MediaCheckResult struct {
	Suggest string // pass, review or risky
	Label   int    // 100 normal, 20001 politics, 20002 pornography, 20006 crime, 21000 other
}

// A MediaCheckDetail is the result of one check. It is valid only if ErrCode is 0.
type MediaCheckDetail struct {
	Strategy string  // content_model, keyword …
	ErrCode  int     // 0, or why this check did not work
	Suggest  string  // as in [MediaCheckResult]
	Label    int     // as in [MediaCheckResult]
	Prob     float64 // how sure the check is of Label, from 0 to 100
}

// Passed reports whether the media was checked and found harmless, in either version. Media that a
// person should look at (review) has not passed.
func (c *MediaCheck) Passed() bool {
	if c.Version == 1 {
		return c.ErrCode == 0 && !c.IsRisky
	}
	return c.ErrCode == 0 && c.Result.Suggest == "pass"
}

const mediaCheckEvent = "wxa_media_check"

// ParseMediaCheck reads a wxa_media_check event of either version, plain XML or JSON. It is for
// messages that do not come through a [Handler], which calls OnMediaCheck. It verifies no
// signature. Errors match [ErrMalformed].
func ParseMediaCheck(data []byte) (*MediaCheck, error) {
	m, err := parseMessage(data)
	if err != nil {
		return nil, err
	}
	if m.Event != mediaCheckEvent {
		return nil, malformed("no %s event", mediaCheckEvent)
	}
	return newMediaCheck(m)
}

func newMediaCheck(m *Message) (*MediaCheck, error) {
	f := m.Fields
	c := &MediaCheck{
		ToUserName: m.ToUserName, FromUserName: m.FromUserName, CreateTime: m.CreateTime,
		AppID: f.first("appid", "AppID"), TraceID: f.Get("trace_id"), ErrMsg: f.Get("errmsg"),
		ExtraInfo: f.Get("extra_info_json"),
	}
	var n numbers
	c.Version = n.int(f, "version")
	if c.Version == 0 {
		c.Version = 2
		if len(f["result"]) == 0 {
			c.Version = 1
		}
	}
	c.IsRisky = n.int(f, "isrisky") != 0
	c.ErrCode = n.int(f, "errcode")
	if status := n.integer(f, "status_code"); c.ErrCode == 0 {
		// Version 1 writes -1008 as 4294966288, the same bits without a sign.
		c.ErrCode = int(int32(status))
	}
	if len(f["result"]) > 0 {
		result := f["result"][0].Fields
		c.Result = MediaCheckResult{Suggest: result.Get("suggest"), Label: n.int(result, "label")}
	}
	for _, detail := range f["detail"] {
		if d := detail.Fields; len(d) > 0 {
			c.Detail = append(c.Detail, MediaCheckDetail{
				Strategy: d.Get("strategy"), ErrCode: n.int(d, "errcode"),
				Suggest: d.Get("suggest"), Label: n.int(d, "label"), Prob: n.float(d, "prob"),
			})
		}
	}
	if n.err != nil {
		return nil, n.err
	}
	return c, nil
}
