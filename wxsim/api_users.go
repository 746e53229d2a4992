package wxsim

import (
	"cmp"
	"encoding/json"
	"net/http"
	"net/url"
	"slices"
)

// userRoutes are people, and what they do on their phones.
func userRoutes(s *Server) []apiRoute {
	return []apiRoute{
		{"GET users", func(*http.Request) (any, error) {
			return apiUsers{hold(&s.holder, func(w *world) []apiUser {
				return mapped(w.everybody, func(p *person) apiUser { return newAPIUser(w, p) })
			})}, nil
		}},
		{"POST users", withBody(func(_ *http.Request, ask User) (any, error) {
			added, err := s.addChecked(ask)
			return created{added}, err
		})},
		{"GET users/{openid}", forUser(s, func(u apiUser, _ struct{}) (any, error) {
			return u, nil
		})},
		{"POST users/{openid}/revoke", forUser(s, func(u apiUser, _ struct{}) (any, error) {
			s.RevokeUser(u.OpenID)
			return nil, nil
		})},
		{"POST users/{openid}/codes", forUser(s, s.codeByAPI)},
		{"POST users/{openid}/data", forUser(s, s.dataByAPI)},
		{"POST users/{openid}/soter", forUser(s, func(u apiUser, ask struct {
			JSON string `json:"json_string"`
		},
		) (any, error) {
			return apiSoter{ask.JSON, s.SoterSignature(u.asked, ask.JSON)}, nil
		})},
		{"POST users/{openid}/payments", forUser(s, func(u apiUser, _ struct{}) (any, error) {
			return created{s.Pay(u.OpenID)}, nil
		})},
		{"POST users/{openid}/follow", withPush(s, func(u apiUser, ask apiFollow) (Event, error) {
			return s.Follow(ask.AppID, u.asked)
		})},
		{"POST users/{openid}/unfollow", withPush(s, func(u apiUser, ask apiFollow) (Event, error) {
			return s.Unfollow(ask.AppID, u.asked)
		})},
		{"POST users/{openid}/scan", withPush(s, func(u apiUser, ask struct {
			Code string `json:"code"` // ticket, or what the code holds
		},
		) (Event, error) {
			return s.Scan(u.OpenID, ask.Code)
		})},
	}
}

// An apiUser is a user with the openids at all apps.
type apiUser struct {
	User

	OpenIDs map[string]string `json:"openids"` // at every app, by appid
	// Silent logins are this user's, where no cookie names another.
	Current bool   `json:"current"`
	asked   string // the openid that the call named
}

type apiUsers struct {
	Users []apiUser `json:"users"`
}

type apiFollow struct {
	AppID string `json:"appid"` // default: the account of the openid
}

func newAPIUser(w *world, p *person) apiUser {
	u := apiUser{
		User: p.shown(), OpenIDs: map[string]string{},
		Current: p.OpenID == w.owner(new(http.Request)).OpenID,
	}
	for _, a := range w.apps {
		u.OpenIDs[a.AppID] = a.openID(p.User)
	}
	return u
}

// addChecked adds a user, unless [Config.Check] would return an error for it.
func (s *Server) addChecked(u User) (apiUser, error) {
	apps := s.Apps()
	check := Config{Users: []User{u}, Apps: apps}
	if err := check.Check(); err != nil {
		return apiUser{}, err
	}
	return hold(&s.holder, func(w *world) apiUser {
		added := w.addUser(u)
		return newAPIUser(w, w.people[added.OpenID].person)
	}), nil
}

// forUser reads the body and finds the user of the path, by any openid.
func forUser[T any](s *Server, run func(apiUser, T) (any, error)) func(*http.Request) (any, error) {
	return withBody(func(r *http.Request, ask T) (any, error) {
		asked := r.PathValue("openid")
		u := withPerson(s, asked, func(w *world, k known) apiUser {
			return newAPIUser(w, k.person)
		})
		if u.OpenID == "" {
			return nil, noUser()
		}
		u.asked = asked
		return run(u, ask)
	})
}

// withPush is forUser for an action that an official account gets an event about.
func withPush[T any](
	s *Server, run func(apiUser, T) (Event, error),
) func(*http.Request) (any, error) {
	return func(r *http.Request) (any, error) {
		return forUser(s, func(u apiUser, ask T) (any, error) {
			e, err := run(u, ask)
			if err != nil {
				return nil, err
			}
			told := apiEvent{Event: e}
			if s.wantsPush(e.AppID) {
				result, err := s.Send(r.Context(), e)
				if err != nil {
					return nil, pushFailed(err)
				}
				told.Push = &result
			}
			return told, nil
		})(r)
	}
}

// codeByAPI is POST users/{openid}/codes.
func (s *Server) codeByAPI(u apiUser, ask struct {
	Kind  codeKind `json:"kind"`
	AppID string   `json:"appid"` // of a web code; default: the first official account
	Scope string   `json:"scope"` // of a web code; default: snsapi_userinfo
},
) (any, error) {
	var text string
	switch ask.Kind {
	case webCode:
		scope := cmp.Or(ask.Scope, scopeUserInfo)
		if !slices.Contains([]string{scopeBase, scopeUserInfo, scopeLogin}, scope) {
			return nil, badRequest("没有这个 scope", "no scope is called so")
		}
		text = s.NewCode(cmp.Or(ask.AppID, s.AppID()), u.OpenID, scope)
	case jsCode, "":
		text = s.NewJSCode(u.asked)
	case phoneCode:
		text = s.NewPhoneCode(u.asked)
	case pluginCode:
		text = s.NewPluginCode(u.asked)
	}
	if text == "" {
		return nil, badRequest("kind 只能是 web、js、phone 或 plugin，appid 必须存在",
			"kind must be web, js, phone or plugin, and the appid must exist")
	}
	return created{apiCode{text}}, nil
}

type apiCode struct {
	Code string `json:"code"`
}

// dataByAPI is POST users/{openid}/data.
func (s *Server) dataByAPI(u apiUser, ask struct {
	Kind    string          `json:"kind"`    // user or phone
	Payload json.RawMessage `json:"payload"` // any JSON instead
},
) (any, error) {
	payload := []byte(ask.Payload)
	switch {
	case len(payload) > 0:
	case ask.Kind == "phone":
		payload = s.PhoneData(u.asked)
	default:
		payload = s.UserData(u.asked)
	}
	sealed, iv, err := s.EncryptData(u.asked, payload)
	if err != nil {
		return nil, &apiError{
			http.StatusConflict, "这个用户还没有登录过小程序，请先取一个 js code",
			"this user has not logged in to the mini program; ask for a js code first",
		}
	}
	raw, signature, err := s.RawData(u.asked)
	return apiData{sealed, iv, raw, signature}, err
}

type apiData struct {
	EncryptedData string `json:"encryptedData"`
	IV            string `json:"iv"`
	RawData       string `json:"rawData"`
	Signature     string `json:"signature"`
}

type apiSoter struct {
	JSON      string `json:"json_string"`
	Signature string `json:"json_signature"`
}

// loginRoutes are how people answer the authorize page and QR login.
func loginRoutes(s *Server) []apiRoute {
	return []apiRoute{
		{"POST consent", withBody(s.consentByAPI)},
		{"GET answer", func(*http.Request) (any, error) { return s.standingAnswer(), nil }},
		{"PUT answer", withBody(func(_ *http.Request, ask apiAnswer) (any, error) {
			if err := s.Answer(ask.Decision, ask.User); err != nil {
				return nil, err
			}
			s.DoubleCallback(ask.Callbacks)
			return s.standingAnswer(), nil
		})},
	}
}

type apiAnswer struct {
	Decision  Decision     `json:"decision"`
	User      string       `json:"user"` // openid; "" is the current user
	Callbacks CallbackMode `json:"callbacks"`
}

func (s *Server) standingAnswer() apiAnswer {
	return hold(&s.holder, func(w *world) apiAnswer {
		return apiAnswer{w.standing(), w.answerer, w.callbacks}
	})
}

// consentByAPI is POST consent: an address of the authorize page or of QR login, or of the page
// that a phone shows after the scan of a website's QR code.
func (s *Server) consentByAPI(r *http.Request, ask struct {
	URL string `json:"url"`
	apiAnswer
},
) (any, error) {
	ask.Decision = cmp.Or(ask.Decision, Allow)
	if !slices.Contains(decisions()[1:], ask.Decision) {
		return nil, badRequest("decision 只能是 allow、refuse、base 或 snapshot",
			"decision must be allow, refuse, base or snapshot")
	}
	user := ask.User
	if user == "" {
		user = hold(&s.holder, func(w *world) string { return w.owner(r).OpenID })
	}
	u, err := url.Parse(ask.URL)
	if err == nil && u.Path == "/wxsim/scan" {
		return nil, s.decideScan(u.Query().Get("ticket"), user, ask.apiAnswer)
	}
	first, second, err := s.Consent(ask.URL, ask.Decision, user, ask.Callbacks)
	return apiConsent{first, second}, err
}

// decideScan answers a website's QR code, whose desktop page then goes on by itself.
func (s *Server) decideScan(ticket, user string, ask apiAnswer) error {
	return hold(&s.holder, func(w *world) error {
		found, ok := w.scan(ticket)
		switch {
		case !ok:
			return &apiError{http.StatusNotFound, expiredScan().chinese, expiredScan().english}
		case w.people[user].person == nil:
			return noUser()
		}
		found.opened = true
		if found.decided == nil {
			d := found.ask.decided(ask.Decision, user)
			d.mode = ask.Callbacks
			found.decided = &d
		}
		return nil
	})
}

type apiConsent struct {
	Location string `json:"location"`         // where the browser goes
	Second   string `json:"second,omitempty"` // and where too
}
