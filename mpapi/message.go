package mpapi

import (
	"context"
	"errors"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/wxoauth/wxoauth/core"
)

// MessageService makes shared messages that can be changed afterwards.
type MessageService struct{ core *core.Client }

// CreateActivityIDRequest names the user who may share a private message, by one of its fields.
// For an ordinary updatable message leave both empty.
type CreateActivityIDRequest struct {
	OpenID  string // who may share it
	UnionID string // the same, by the unionid
}

// An Activity names an updatable message.
type Activity struct {
	ActivityID string    // for the mini program and for SetUpdatableMsg
	Expiry     time.Time // 24 hours later
}

// CreateActivityID makes the ID of an updatable message, for the mini program's
// wx.updateShareMenu and for [MessageService.SetUpdatableMsg]. Errors: only those that every call
// of this package may return.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/updatable-message/createActivityId.html
func (s MessageService) CreateActivityID(
	ctx context.Context, req CreateActivityIDRequest,
) (*Activity, error) {
	query := url.Values{}
	switch {
	case req.OpenID != "" && req.UnionID != "":
		return nil, &InputError{"openid", "and unionid exclude each other"}
	case req.OpenID != "":
		query.Set("openid", req.OpenID)
	case req.UnionID != "":
		query.Set("unionid", req.UnionID)
	}
	r := core.Get("/cgi-bin/message/wxopen/activityid/create", query)
	answer, err := core.Call[struct {
		ActivityID     string   `json:"activity_id"`
		ExpirationTime core.Int `json:"expiration_time"` // unix seconds
	}](ctx, s.core, r)
	switch {
	case err != nil:
		return nil, err
	case answer.ActivityID == "":
		return nil, r.BadAnswer("no activity_id in the answer")
	case answer.ExpirationTime <= 0:
		return nil, r.BadAnswer("no expiration_time in the answer")
	}
	return &Activity{answer.ActivityID, time.Unix(int64(answer.ExpirationTime), 0)}, nil
}

// The states of an updatable message. It may be set to the first one repeatedly; the second one is
// final.
const (
	TargetNotStarted = 0 // people can still join: the message shows how many have
	TargetStarted    = 1 // it has started: tapping the message leads to a page
)

// SetUpdatableMsgRequest is the new content of a shared message.
type SetUpdatableMsgRequest struct {
	ActivityID   string // of [MessageService.CreateActivityID]; required
	TargetState  int    // TargetNotStarted or TargetStarted
	TemplateInfo TemplateInfo
}

// TemplateInfo fills in the message. Zero fields are not sent.
type TemplateInfo struct {
	MemberCount int // how many take part; required in TargetNotStarted
	RoomLimit   int // how many may take part; required in TargetNotStarted
	// The page that "enter" opens, for mini games a query "?a=b"; required in TargetStarted.
	Path string
	// Which version it opens: develop, trial or release; required in TargetStarted.
	VersionType string
	Extra       map[string]string // parameters of other names
}

type parameter struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// parameters returns the fields that are set, then those of Extra sorted by name.
func (t TemplateInfo) parameters() (list []parameter) {
	if t.MemberCount != 0 {
		list = append(list, parameter{"member_count", strconv.Itoa(t.MemberCount)})
	}
	if t.RoomLimit != 0 {
		list = append(list, parameter{"room_limit", strconv.Itoa(t.RoomLimit)})
	}
	if t.Path != "" {
		list = append(list, parameter{"path", t.Path})
	}
	if t.VersionType != "" {
		list = append(list, parameter{"version_type", t.VersionType})
	}
	for _, name := range slices.Sorted(maps.Keys(t.Extra)) {
		list = append(list, parameter{name, t.Extra[name]})
	}
	return list
}

func (r SetUpdatableMsgRequest) check() error {
	t := r.TemplateInfo
	faults := []error{
		required("activity_id", r.ActivityID),
		oneOf("target_state", r.TargetState, TargetNotStarted, TargetStarted),
		atLeastOne("member_count", t.MemberCount, r.TargetState == TargetNotStarted),
		atLeastOne("room_limit", t.RoomLimit, r.TargetState == TargetNotStarted),
	}
	if r.TargetState == TargetStarted {
		faults = append(faults, required("path", t.Path))
	}
	if r.TargetState == TargetStarted || t.VersionType != "" {
		faults = append(faults, oneOf("version_type", t.VersionType, "develop", "trial", "release"))
	}
	for name := range t.Extra {
		switch name {
		case "", "member_count", "room_limit", "path", "version_type":
			faults = append(faults, &InputError{
				"template_info", "has an extra parameter without a name of its own",
			})
		}
	}
	return errors.Join(faults...)
}

// atLeastOne returns an error unless n is positive, or 0 and not needed.
func atLeastOne(field string, n int, needed bool) error {
	if n < 0 || (n == 0 && needed) {
		return &InputError{field, "must be at least 1"}
	}
	return nil
}

// SetUpdatableMsg changes a shared message. Errors: code 47501 for an unknown activity, 47502 for
// a change of state that is not allowed, 47503 for a bad version, 47504 for an activity that has
// expired.
//
// WeChat docs: https://developers.weixin.qq.com/miniprogram/dev/OpenApiDoc/mp-message-management/updatable-message/setUpdatableMsg.html
func (s MessageService) SetUpdatableMsg(ctx context.Context, req SetUpdatableMsgRequest) error {
	if err := req.check(); err != nil {
		return err
	}
	type template struct {
		ParameterList []parameter `json:"parameter_list"`
	}
	_, err := core.Call[struct{}](ctx, s.core,
		core.Post("/cgi-bin/message/wxopen/updatablemsg/send", struct {
			ActivityID   string   `json:"activity_id"`
			TargetState  int      `json:"target_state"`
			TemplateInfo template `json:"template_info"`
		}{req.ActivityID, req.TargetState, template{req.TemplateInfo.parameters()}}))
	return err
}
