package wxsim

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"image/jpeg"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"rsc.io/qr"
)

const (
	qrDefaultLife = 60                // seconds
	qrMaxLife     = 30 * 24 * 60 * 60 // seconds
	permanentQRs  = 100_000
)

// A qrCode is the QR code of an official account, made by qrcode/create. A nil one has no scene.
type qrCode struct {
	app        *app
	ticket, id string // the id is the end of the code's content
	scene      scene
	expires    time.Time // zero means never
}

// A scene is the number or the text that a QR code contains for the app that made it.
type scene struct {
	ID  int    `json:"scene_id"`
	Str string `json:"scene_str"`
}

func (c *qrCode) number() int {
	if c == nil {
		return 0
	}
	return c.scene.ID
}

func (c *qrCode) text() string {
	if c == nil {
		return ""
	}
	return c.scene.Str
}

// key returns the scene as events have it.
func (c *qrCode) key() string {
	if c.scene.Str != "" {
		return c.scene.Str
	}
	return jsonValue(c.scene.ID)
}

// createQRCode is POST /cgi-bin/qrcode/create.
func createQRCode(w *world, r *request, ask struct {
	ExpireSeconds int                   `json:"expire_seconds"`
	ActionName    string                `json:"action_name"`
	ActionInfo    struct{ Scene scene } `json:"action_info"`
},
) answer {
	made := &qrCode{app: r.app, id: "02" + randomText(22, urlSafe), scene: ask.ActionInfo.Scene}
	text := strings.HasSuffix(ask.ActionName, "_STR_SCENE")
	permanent := strings.HasPrefix(ask.ActionName, "QR_LIMIT_")
	switch {
	case !slices.Contains([]string{
		"QR_SCENE", "QR_STR_SCENE", "QR_LIMIT_SCENE", "QR_LIMIT_STR_SCENE",
	}, ask.ActionName):
		return r.refuse(40097)
	case text && (made.scene.Str == "" || len(made.scene.Str) > 64):
		return r.refuse(40129)
	case !text && (made.scene.ID < 1 || int64(made.scene.ID) > 1<<32-1 ||
		permanent && made.scene.ID > permanentQRs):
		return r.refuse(40129)
	case ask.ExpireSeconds < 0 || ask.ExpireSeconds > qrMaxLife:
		return r.refuse(40097)
	case permanent && w.permanentQRs >= permanentQRs:
		return r.refuse(45029)
	}
	if text {
		made.scene.ID = 0
	} else {
		made.scene.Str = ""
	}
	made.ticket = "gQ" + base64.StdEncoding.EncodeToString([]byte(randomText(12,
		urlSafe)+made.id+randomText(24, urlSafe)))
	pairs := []any{"ticket", made.ticket}
	if permanent {
		w.permanentQRs++
	} else {
		life := cmp.Or(ask.ExpireSeconds, qrDefaultLife)
		made.expires = w.now.Add(time.Duration(life) * time.Second)
		pairs = append(pairs, "expire_seconds", life)
	}
	w.qrCodes.put(made.ticket, made, w.now)
	w.qrCodes.put(made.id, made, w.now)
	return r.ok(object(append(pairs, "url", qrURL(w, r.Request, made))...))
}

// qrURL returns the content of the code. If the caller knows the simulator by an address of its
// own, the host is that and not WeChat's, so that a browser can open the code instead of a phone.
func qrURL(w *world, r *http.Request, c *qrCode) string {
	host := (&url.URL{Host: r.Host}).Hostname()
	if w.url == "" || strings.HasSuffix(host, ".weixin.qq.com") {
		return "http://weixin.qq.com" + qrPath + c.id
	}
	return origin(r) + qrPath + c.id
}

const qrPath = "/q/"

// qrCode returns a QR code that has not expired, by its ticket or its content.
func (w *world) qrCode(name string) (*qrCode, bool) {
	c, ok := w.qrCodes.get(name[strings.LastIndexByte(name, '/')+1:], w.now)
	if !ok {
		c, ok = w.qrCodes.get(name, w.now) // a ticket may have slashes
	}
	return c, ok && (c.expires.IsZero() || w.now.Before(c.expires))
}

// showQRCode is GET /cgi-bin/showqrcode of mp.weixin.qq.com.
func showQRCode(w *world, r *request) answer {
	c, ok := w.qrCode(r.query.Get("ticket"))
	if !ok {
		return answer{status: http.StatusNotFound}
	}
	return pictureOf(qrURL(w, r.Request, c), "image/jpg")
}

// pictureOf returns a QR code as a JPEG. WeChat uses two names for its content type.
func pictureOf(text, contentType string) answer {
	picture, err := qr.Encode(text, qr.M)
	if err != nil {
		return plain(http.StatusBadRequest, "the host name is too long for a QR code")
	}
	var body bytes.Buffer
	_ = jpeg.Encode(&body, picture.Image(), nil) // cannot fail with a buffer
	return content(http.StatusOK, contentType, body.Bytes())
}
