package adaptertest

import (
	"errors"
	"io/fs"
	"net/http"
	"os"
	"strings"
	"testing/synctest"

	"github.com/wxoauth/wxoauth/internal/webtest"
)

// uploadCases are about the files that net/http writes while a page reads an upload.
func uploadCases() Group {
	return Group{"Uploads", []Case{
		{Name: "no guard leaves the temporary file of an upload behind", Test: func(t *World) {
			b := t.SignedIn()
			for _, path := range []string{"/", "/me", "/base", "/profile", "/nested", "/group/x"} {
				t.wantNoFile(b, upload(path, nil))
			}
		}},
		{Name: "the same with engine-level middleware", OneLine: true, Test: func(t *World) {
			b := t.SignedIn()
			t.wantNoFile(b, upload("/me", nil))
		}},
		{Name: "the same with the token of a mini program", Test: func(t *World) {
			token := t.deployMini()
			t.wantNoFile(t.Browser(), upload("/mini/of/me", http.Header{"Authorization": {"Bearer " + token}}))
		}},
		{Name: "an upload that needs a login is answered, and not cut off", Test: func(t *World) {
			read := func(path string) {
				v := t.Browser().Do(uploadOf(path, 4<<20, nil))
				t.WantStatus(v, http.StatusUnauthorized)
				t.wantHeader(v, "Connection") // no close: it is read to its end
			}
			read("/me")
			t.deployMini()
			read("/mini/of/me")
		}},
	}}
}

// upload is a form with one file.
func upload(path string, header http.Header) webtest.Request {
	return uploadOf(path, 64<<10, header)
}

func uploadOf(path string, size int, header http.Header) webtest.Request {
	const boundary = "the-boundary"
	r := webtest.Request{Method: http.MethodPost, URL: PublicURL +
		path, Header: header, Form: "--" + boundary + "\r\n" +
		"Content-Disposition: form-data; name=\"upload\"; filename=\"a.bin\"\r\n\r\n" +
		strings.Repeat("x", size) + "\r\n--" + boundary + "--\r\n"}
	if r.Header == nil {
		r.Header = http.Header{}
	}
	r.Header.Set("Content-Type", "multipart/form-data; boundary="+boundary)
	return r
}

// wantNoFile fails the case unless the page was shown the upload, and its file is gone.
func (w *World) wantNoFile(b *webtest.Browser, r webtest.Request) {
	w.Helper()
	w.Shown()
	w.WantStatus(b.Do(r), http.StatusOK)
	synctest.Wait() // net/http tidies up when the answer is out
	shown := w.Shown()
	if len(shown) != 1 || shown[0].Upload == "" {
		w.Fatalf("the page was shown %+v", shown)
	}
	if _, err := os.Stat(shown[0].Upload); !errors.Is(err, fs.ErrNotExist) {
		w.Errorf("%s: the file %s is left behind", r.URL, shown[0].Upload)
		_ = os.Remove(shown[0].Upload)
	}
}
