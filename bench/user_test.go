package bench

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// A user is what each contestant keeps in its session: 476 bytes of text.
type user struct {
	AppID, OpenID, UnionID, AccessToken, RefreshToken, Nickname, HeadImgURL, Country, Province, City, Language, Scope string
	Sex                                                                                                               int
	LoginAt                                                                                                           time.Time
}

// userN is the n-th of many users.
func userN(n int) user {
	id := fmt.Sprintf("%06d", n)
	return user{
		AppID: "wx0123456789abcdef", OpenID: "o6_bmjrPTlm6_2sgVt7hMZ" + id, UnionID: "oTmHYjg-tElZ68xxxxxxxx" + id,
		AccessToken: "AT" + id + strings.Repeat("a", 102), RefreshToken: "RT" + id + strings.Repeat("r", 102),
		Nickname: "张三丰的小店!", HeadImgURL: "https://thirdwx.qlogo.cn/mmopen/" + strings.Repeat("h", 98),
		Country: "中国", Province: "内蒙古自治区", City: "包头市", Language: "zh_CN", Scope: "snsapi_userinfo", Sex: 1, LoginAt: time.Now().Truncate(time.Second),
	}
}

func (u user) size() int {
	n := 0
	for _, s := range []string{u.OpenID, u.UnionID, u.AccessToken, u.RefreshToken, u.Nickname, u.HeadImgURL, u.AppID, u.Country, u.Province, u.City} {
		n += len(s)
	}
	return n
}

func TestTheUserIsOf476Bytes(t *testing.T) {
	if n := userN(7).size(); n != 476 {
		t.Errorf("%d bytes", n)
	}
}
