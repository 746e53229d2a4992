package mpauth_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/wxoauth/wxoauth/mpauth"
)

func FuzzDecrypt(f *testing.F) {
	f.Add(sessionKey, officialData, officialIV)
	f.Add(sessionKey, phoneData, officialIV)
	f.Add(sessionKey, officialData[:64], officialIV)
	f.Add("", "", "")
	f.Add("AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAA==", "AAAAAAAAAAAAAAAAAAAAAA==")
	f.Add(sessionKey, "AAAA", "AAAA")
	f.Fuzz(func(t *testing.T, key, data, iv string) {
		hostile(t, mpauth.SessionKey(key), data, iv)
	})
}

// FuzzDecryptedJSON is about what is inside: the fuzzer could not encrypt it by itself.
func FuzzDecryptedJSON(f *testing.F) {
	f.Add(stamped(`"nickName":"Band"`))
	f.Add(stamped(`"countryCode":86`))
	f.Add(stamped(`"countryCode":"+1-684","phoneNumber":null`))
	f.Add(`{"watermark":{"appid":"` + appID + `","timestamp":"1e3"}}`)
	f.Add(`{"watermark":[]}`)
	f.Add(`null`)
	f.Fuzz(func(t *testing.T, plain string) {
		data := seal(t, plain)
		hostile(t, sessionKey, data, officialIV)
		phone, err := mpauth.Decrypt[mpauth.PhoneData](sessionKey, appID, data, officialIV)
		if err == nil {
			var again mpauth.PhoneData
			unmarshal(t, marshal(t, phone), &again)
			require.Equal(t, *phone, again, phone)
		}
	})
}

func FuzzLoginBody(f *testing.F) {
	for _, body := range []string{loginBody, ``, `{}`, `null`, `{"code":1}`, loginBody + loginBody, `{"CODE":"x","code":null}`, `{"code":"\ud800"}`, "{\"code\":\"\xff\"}"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		wx := answering(goodLogin)
		r := post(t, "", "")
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		w := serve(newAuth(t, wx, nil).LoginHandler(), r)
		switch asked := wx.Calls(); {
		case w.Code == http.StatusBadRequest && len(asked) == 0:
			wantError(t, w, http.StatusBadRequest, "bad_request")
		case w.Code != http.StatusOK || len(asked) != 1 || asked[0].Query.Get("js_code") == "" || len(asked[0].Query) != 4 || len(body) > 4<<10:
			t.Errorf("login with %q = %d %s after %v", body, w.Code, w.Body, asked)
		}
	})
}

func FuzzToken(f *testing.F) {
	wx := answering(goodLogin)
	f.Add("Bearer x")
	f.Add("bearer  =; a=b")
	f.Add("Bearer \"\x00\"")
	f.Fuzz(func(t *testing.T, header string) {
		r := visit(t, "")
		r.Header["Authorization"] = []string{header}
		if s, w := admit(t, newAuth(t, wx, nil), r); s != nil {
			t.Errorf("%q signs in as %+v", header, s)
		} else {
			wantError(t, w, http.StatusUnauthorized, "login_required")
		}
	})
}
