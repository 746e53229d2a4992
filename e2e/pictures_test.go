package e2e

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
)

// The pictures of the READMEs are one walk through the example, all of one size. With PICTURES they
// go to that folder, and the ports in them are those that a newcomer sees.
func TestPictures(t *testing.T) {
	folder, env := os.Getenv("PICTURES"), []string{"ADDR=127.0.0.1:8080", "WXSIM_ADDR=127.0.0.1:8081"}
	if folder == "" {
		folder, env = t.TempDir(), nil
	}
	for _, lang := range languages {
		t.Run(lang+" in WeChat", func(t *testing.T) {
			app, _ := startAlone(t, "gin", append(env, "ASK_AT_ONCE=0")...)
			tb := newProfile(t, wechatAgent)
			tb.speak(wechatAgent, lang)
			tb.open(app)
			tb.picture(folder, "home", lang)
			tb.open(app + "/me")
			tb.picture(folder, "ask", lang)
			tb.click("#ask-login")
			tb.picture(folder, "consent", lang)
			tb.click(allow)
			tb.picture(folder, "profile", lang)
		})
		t.Run(lang+" on the desktop", func(t *testing.T) {
			app, _ := startAlone(t, "gin", append(env, "DESK=1", "ANY_BROWSER=0")...)
			tb := newProfile(t, desktopAgent)
			tb.speak(desktopAgent, lang)
			tb.open(app + "/me")
			tb.picture(folder, "desk", lang)
		})
	}
}

const pictureScale = 2 // pixels of a picture for one of the page

// picture takes what a small window shows of the page, in a frame.
func (tb *tab) picture(folder, name, lang string) {
	tb.t.Helper()
	const width, height = 360, 760
	call(tb, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height, DeviceScaleFactor: pictureScale, Mobile: true})
	shot := call(tb, page.CaptureScreenshot, page.CaptureScreenshotParams{Format: page.CaptureScreenshotFormatPng})
	call(tb, emulation.ClearDeviceMetricsOverride, cdp.Empty{})
	shown, err := png.Decode(bytes.NewReader(shot.Data))
	if err != nil {
		tb.t.Fatal(err)
	}
	if size := shown.Bounds().Size(); size != image.Pt(width*pictureScale, height*pictureScale) {
		tb.t.Fatalf("%s is %v", name, size)
	}
	var framed bytes.Buffer
	if err := png.Encode(&framed, inFrame(shown)); err != nil {
		tb.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, name+"."+lang+".png"), framed.Bytes(), 0o644); err != nil {
		tb.t.Fatal(err)
	}
}

// inFrame rounds the corners of a picture and draws a line round it, so that a white page can be
// told from a white one that it stands on.
func inFrame(shown image.Image) image.Image {
	const radius, line = 20 * pictureScale, 1 * pictureScale
	b := shown.Bounds()
	framed := image.NewNRGBA(b)
	inner := b.Inset(radius)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			// How far the pixel is from the rectangle whose corners are the centres of the rounding.
			dx, dy := max(inner.Min.X-x, x-inner.Max.X+1, 0), max(inner.Min.Y-y, y-inner.Max.Y+1, 0)
			switch d := dx*dx + dy*dy; {
			case d > radius*radius: // outside
			case d > (radius-line)*(radius-line):
				framed.Set(x, y, color.NRGBA{0xc8, 0xcc, 0xd0, 0xff})
			default:
				framed.Set(x, y, shown.At(x, y))
			}
		}
	}
	return framed
}
