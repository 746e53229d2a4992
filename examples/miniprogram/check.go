package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"

	"github.com/wxoauth/wxoauth/examples/internal/demo"
	"github.com/wxoauth/wxoauth/mpapi"
	"github.com/wxoauth/wxoauth/mpauth"
	"github.com/wxoauth/wxoauth/push"
)

const (
	maxPicture = 1 << 20 // bytes; WeChat takes 10 MB, but here they lie in memory

	sceneProfile = 1
	sceneComment = 2 // of WeChat's list of where a text or a picture will appear
	mediaPicture = 2 // of its list of media
)

// checkText is POST /mini/check/text {"content"}. Only what passes should be shown to others.
func (b *backend) checkText(r *http.Request, s *mpauth.Session) (any, error) {
	ask, err := readJSON[struct{ Content string }](r)
	if err != nil {
		return nil, err
	}
	verdict, err := b.checks.MsgSecCheck(r.Context(), mpapi.MsgSecCheckRequest{
		OpenID: s.OpenID, Scene: sceneComment, Content: ask.Content,
	})
	if err != nil {
		return nil, err
	}
	return struct {
		Suggest string `json:"suggest"`
		Label   int    `json:"label"`
	}{verdict.Result.Suggest, int(verdict.Result.Label)}, nil
}

// checkPicture is POST /mini/check/picture, a form with the file "file" as wx.uploadFile sends it.
// WeChat downloads the picture from us, and pushes its verdict within half an hour.
func (b *backend) checkPicture(r *http.Request, s *mpauth.Session) (any, error) {
	up, err := readPicture(r)
	if err != nil {
		return nil, err
	}
	id := b.memory.keepPicture(s.OpenID, up.kind, up.data)
	began, err := b.checks.MediaCheckAsync(r.Context(), mpapi.MediaCheckAsyncRequest{
		OpenID: s.OpenID, Scene: sceneComment, MediaURL: b.pictureURL(id), MediaType: mediaPicture,
	})
	if err != nil {
		b.memory.dropPicture(id)
		return nil, err
	}
	c := b.memory.begin(began.TraceID, s.OpenID, id)
	if b.onPicture != nil {
		b.onPicture(r.Context(), s.OpenID, began.TraceID, up.name)
	}
	return b.show(c), nil
}

// onMediaCheck is told WeChat's verdict.
func (b *backend) onMediaCheck(ctx context.Context, c *push.MediaCheck) error {
	status := statusRisky
	switch {
	case c.Passed():
		status = statusPass
	case c.ErrCode != 0:
		status = statusFailed
	case c.Result.Suggest == mpapi.SuggestReview:
		status = statusReview
	}
	b.memory.settle(c.TraceID, status)
	slog.InfoContext(ctx, "WeChat has checked a picture",
		"trace_id", c.TraceID, "status", status, "errcode", c.ErrCode)
	return nil
}

// A shownCheck is what the client sees of a check.
type shownCheck struct {
	TraceID string `json:"trace_id"`
	Status  status `json:"status"`
	URL     string `json:"url,omitempty"` // once it passed
}

func (b *backend) show(c check) shownCheck {
	shown := shownCheck{TraceID: c.traceID, Status: c.status}
	if c.status == statusPass {
		shown.URL = b.pictureURL(c.picture)
	}
	return shown
}

// pictures is GET /mini/check/picture: the user's own checks, the latest first.
func (b *backend) pictures(_ *http.Request, s *mpauth.Session) (any, error) {
	checks := []shownCheck{}
	for _, c := range b.memory.checksOf(s.OpenID) {
		checks = append(checks, b.show(c))
	}
	return struct {
		Checks []shownCheck `json:"checks"`
	}{checks}, nil
}

func (b *backend) pictureURL(id string) string { return b.publicURL + "/picture?id=" + id }

// picture is GET /picture?id=. WeChat brings no token, so the address is the secret: it is told to
// WeChat, and to the user once the picture has passed.
func (b *backend) picture(w http.ResponseWriter, r *http.Request) {
	p, ok := b.memory.picture(r.URL.Query().Get("id"))
	if !ok {
		demo.WriteJSON(w, http.StatusNotFound, problem{Word: "not_found"})
		return
	}
	w.Header().Set("Content-Type", p.kind)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Content-Security-Policy", "default-src 'none'")
	w.Header().Set("Cache-Control", "private, no-store") // it may have to vanish
	_, _ = w.Write(p.data)                               // whoever asked has left
}

// An upload is a picture as a client sent it.
type upload struct {
	name string
	kind string // by its first bytes, whatever the client says
	data []byte
}

// readPicture reads the file of a form.
func readPicture(r *http.Request) (*upload, error) {
	form, err := r.MultipartReader()
	if err != nil {
		return nil, fmt.Errorf("%w: a multipart form is expected", errRequest)
	}
	for {
		part, err := form.NextPart()
		if errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("%w: the form has no file", errRequest)
		}
		if err != nil {
			return nil, readFault(err)
		}
		if part.FormName() != "file" {
			continue
		}
		up := &upload{name: part.FileName()}
		if up.data, err = io.ReadAll(http.MaxBytesReader(nil, part, maxPicture)); err != nil {
			return nil, readFault(err)
		}
		up.kind = http.DetectContentType(up.data)
		if !slices.Contains([]string{
			"image/png", "image/jpeg", "image/gif", "image/bmp",
		}, up.kind) {
			return nil, fmt.Errorf("%w: the file is no PNG, JPEG, GIF or BMP", errRequest)
		}
		return up, nil
	}
}

// readFault keeps what says that a body is too large; the rest is the client's fault.
func readFault(err error) error {
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return fmt.Errorf("%w: the form is cut off or malformed", errRequest)
}
