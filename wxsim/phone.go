package wxsim

import (
	"net/http"
	"strings"
)

// This file stands for a phone on which the mini program runs. The user is that of ?user=openid,
// or else the current user of the browser, or else the first one.

// giveCode answers with {"code":"…"}, as wx.login() and the phone number button do.
func (s *Server) giveCode(newCode func(openID string) string) func(*http.Request) answer {
	return s.forPhone(func(_ *http.Request, openID string) answer {
		return jsonAnswer(object("code", newCode(openID)))
	})
}

// giveData answers with the data of wx.getUserProfile and the old phone number button.
func (s *Server) giveData(data func(openID string) []byte) func(*http.Request) answer {
	return s.forPhone(func(r *http.Request, openID string) answer {
		encryptedData, iv, err := s.EncryptData(openID, data(openID))
		if err != nil {
			return plain(http.StatusConflict, err.Error()+"; ask /wxsim/js_code first")
		}
		pairs := []any{"encryptedData", encryptedData, "iv", iv}
		if strings.HasSuffix(r.URL.Path, "user_data") {
			rawData, signature, err := s.RawData(openID)
			if err != nil {
				return plain(http.StatusConflict, err.Error())
			}
			pairs = append(pairs, "rawData", rawData, "signature", signature)
		}
		return jsonAnswer(object(pairs...))
	})
}

// forPhone makes a handler of a function that takes the openid of the request's user.
func (s *Server) forPhone(
	respond func(r *http.Request, openID string) answer,
) func(*http.Request) answer {
	return func(r *http.Request) answer {
		user := hold(&s.holder, func(w *world) User {
			if openID := r.FormValue("user"); openID != "" {
				u, _ := w.user(openID)
				return u
			}
			return w.owner(r)
		})
		if user.OpenID == "" {
			return plain(http.StatusNotFound, "no such user")
		}
		return respond(r, user.OpenID)
	}
}

func jsonAnswer(json string) answer {
	a := content(http.StatusOK, "application/json", []byte(json))
	a.header.Set("Cache-Control", "no-store")
	return a
}
