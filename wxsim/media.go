package wxsim

import (
	"bytes"
	"cmp"
	"net/http"
	"path"
	"strings"
	"time"
)

const (
	mediaLife   = 3 * 24 * time.Hour
	mediaOnHand = 32 // pictures kept for media/get
)

// A media is a file for media/get.
type media struct {
	contentType, name string
	data              []byte
}

// AddMedia adds a file for media/get and returns its media_id. It is kept for three days, if there
// are not too many newer ones.
func (s *Server) AddMedia(name, contentType string, data []byte) string {
	return hold(&s.holder, func(w *world) string { return w.addMedia(name, contentType, data) })
}

func (w *world) addMedia(name, contentType string, data []byte) string {
	id := randomText(64, urlSafe)
	w.media.put(id, media{contentType, name, bytes.Clone(data)}, w.now)
	return id
}

// superResolution is POST /cv/img/superresolution: the media_id is that of the sent picture, or
// for a URL of a white dot.
func superResolution(w *world, r *request) answer {
	img, refused := r.image()
	if refused != 0 {
		return r.refuse(refused)
	}
	data := img.data
	if data == nil {
		data = []byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00" +
			"!\xf9\x04\x00\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;")
	}
	return r.ok(object("errcode", 0, "errmsg", "ok", "media_id",
		w.addMedia("", http.DetectContentType(data), data)))
}

// maxMedia is the size limit of a temporary file by its type, in bytes.
//
//nolint:gochecknoglobals // never changed
var maxMedia = map[string]int{
	"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10,
}

// uploadMedia is POST /cgi-bin/media/upload: a temporary file, for media/get.
func uploadMedia(w *world, r *request) answer {
	kind := r.query.Get("type")
	most, known := maxMedia[kind]
	form, err := r.multipart()
	switch {
	case !known:
		return r.refuse(40004)
	case err != nil || form.file.name == "" || len(form.file.data) == 0:
		return r.refuse(41005)
	case len(form.file.data) > most:
		return r.refuse(40006)
	}
	id := w.addMedia("", http.DetectContentType(form.file.data), form.file.data)
	return r.ok(object("type", kind, "media_id", id, "created_at", w.now.Unix()))
}

// getMedia is GET /cgi-bin/media/get: the file itself.
func getMedia(w *world, r *request) answer {
	m, ok := w.media.get(r.query.Get("media_id"), w.now)
	if !ok {
		return r.refuse(40007)
	}
	return answer{status: http.StatusOK, body: m.data, header: http.Header{
		"Content-Type": {m.contentType},
		"Content-Disposition": {`attachment; filename="` + m.fileName(r.query.Get("media_id")) +
			`"`},
	}}
}

// fileName returns the name of the file, or the media_id if it has none, with an extension.
func (m media) fileName(id string) string {
	name := strings.NewReplacer(`"`, "", `\`, "", "\r", "", "\n", "").Replace(m.name)
	if path.Ext(name) != "" {
		return name
	}
	extension, ok := map[string]string{
		"image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "audio/mpeg": ".mp3",
		"audio/amr": ".amr", "video/mp4": ".mp4",
	}[m.contentType]
	if !ok {
		extension = ".bin"
	}
	return cmp.Or(name, id) + extension
}
