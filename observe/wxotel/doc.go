// Package wxotel reports logins and calls to WeChat to OpenTelemetry.
//
//	observer, err := wxotel.New(wxotel.Config{}) // the global providers
//	if err != nil {
//		log.Fatal(err)
//	}
//	auth, err := oauth.New(oauth.Config{
//		AppID: os.Getenv("WECHAT_APPID"), Secret: core.Secret(os.Getenv("WECHAT_SECRET")),
//		PublicURL: "https://shop.example.com", Keys: [][]byte{key},
//		Observer: observer, // mpauth.Config and core.ClientConfig have this field, too
//	})
//
// The names below are stable.
//
// # Metrics
//
//	name                              instrument  unit       attributes
//	wxoauth.logins                    counter     {login}    wxoauth.event, wxoauth.kind, wxoauth.errcode
//	wxoauth.login.duration            histogram   s          wxoauth.kind
//	wxoauth.upstream.duration         histogram   s          wxoauth.path, wxoauth.errcode, error.type
//	wxoauth.profile.refreshes         counter     {refresh}  wxoauth.kind
//	wxoauth.profile.refresh.duration  histogram   s          wxoauth.kind
//	wxoauth.sessions.ended            counter     {session}  wxoauth.kind
//	wxoauth.store.down                counter     {failure}  wxoauth.kind
//
// # Spans
//
//	name                     kind      attributes
//	wechat /sns/userinfo     client    wxoauth.path, wxoauth.errcode, error.type
//	wxoauth login            internal  wxoauth.kind
//	wxoauth profile refresh  internal  wxoauth.kind
//
// The first is one call to WeChat, named after its path. A span is made when what it reports is
// over, as a child of the span on the request's context. That is why the calls of a login are
// siblings of the login's span and not its children.
//
// # Attributes
//
//	wxoauth.event    login_started, login_finished, login_restarted or login_refused
//	wxoauth.kind     what of it: a scope, or mini, desk, handover or check for other logins; why a
//	                 login was restarted or refused; ok, failed or revoked for a refresh; end where
//	                 all sessions of a user were ended; read or write for a store; absent where
//	                 there is nothing to say
//	wxoauth.path     of WeChat's API, without the query
//	wxoauth.errcode  what WeChat answered; 0 is success, or no answer. Of a login it is absent
//	                 unless WeChat refused it
//	error.type       of a call that failed: "refused" by WeChat with an errcode, or "no_answer",
//	                 which is everything else between here and WeChat; absent after a success
//
// None of them ever holds a secret, a code, a token or who a user is.
package wxotel
