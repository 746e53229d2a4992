package wxsim

import (
	"net/http"
	"strings"
)

// This file stands for a phone on which the mini program runs. The user is that of ?user=openid,
// or else the current user of the browser, or else the first one.

// giveCode answers with {"code":"…"}, as wx.login() and the phone number button do.
func (s *Server) giveCode(newCode func(openID string) string) func(*http.Request) answer {
	return func(r *http.Request) answer {
		u := s.phoneUser(r)
		if u == nil {
			return plain(http.StatusNotFound, "no such user")
		}
		return jsonAnswer(object("code", newCode(u.OpenID)))
	}
}

// giveData answers with the data of wx.getUserProfile and the old phone number button.
func (s *Server) giveData(data func(openID string) []byte) func(*http.Request) answer {
	return func(r *http.Request) answer {
		u := s.phoneUser(r)
		if u == nil {
			return plain(http.StatusNotFound, "no such user")
		}
		encryptedData, iv, err := s.EncryptData(u.OpenID, data(u.OpenID))
		if err != nil {
			return plain(http.StatusConflict, err.Error()+"; ask /wxsim/js_code first")
		}
		pairs := []any{"encryptedData", encryptedData, "iv", iv}
		if strings.HasSuffix(r.URL.Path, "user_data") {
			rawData, signature, err := s.RawData(u.OpenID)
			if err != nil {
				return plain(http.StatusConflict, err.Error())
			}
			pairs = append(pairs, "rawData", rawData, "signature", signature)
		}
		return jsonAnswer(object(pairs...))
	}
}

// phoneUser returns the user of the request, or nil for an unknown openid.
func (s *Server) phoneUser(r *http.Request) *User {
	return hold(&s.holder, func(w *world) *User {
		u, ok := w.owner(r), true
		if openID := r.FormValue("user"); openID != "" {
			u, ok = w.user(openID)
		}
		if !ok {
			return nil
		}
		return &u
	})
}

func jsonAnswer(json string) answer {
	a := content(http.StatusOK, "application/json", []byte(json))
	a.header.Set("Cache-Control", "no-store")
	return a
}
