package media_test

import (
	"bytes"
	"compress/lzw"
	"context"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/media"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/stafftest"
)

var ctx = context.Background()

// payload is what must not get through, wherever it hides.
const payload = `<script>alert(1)</script><?php system($_GET[0]) ?>`

func drawn(w, h int) *image.NRGBA {
	m := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			m.Set(x, y, color.NRGBA{uint8(x * 7), uint8(y * 5), 90, 255})
		}
	}
	m.Set(0, 0, color.NRGBA{255, 0, 0, 255})
	return m
}

func pngOf(t *testing.T, m image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// chunk is a chunk of a PNG.
func chunk(kind string, body []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(body)))
	out = append(append(out, kind...), body...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// jpegOf is a JPEG with Exif that says how the camera was held and, as text, where.
func jpegOf(t *testing.T, m image.Image, held uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, m, nil); err != nil {
		t.Fatal(err)
	}
	tiff := []byte("MM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01")
	tiff = append(binary.BigEndian.AppendUint16(tiff, held), 0, 0, 0, 0, 0, 0)
	body := append(append([]byte("Exif\x00\x00"), tiff...), "GPS 52.0907 N 5.1214 E "+payload...)
	app := append([]byte{0xff, 0xd8, 0xff, 0xe1}, binary.BigEndian.AppendUint16(nil, uint16(len(body)+2))...)
	return append(append(app, body...), b.Bytes()[2:]...)
}

func gifOf(t *testing.T, frames int) []byte {
	t.Helper()
	g := &gif.GIF{}
	for i := range frames {
		p := image.NewPaletted(image.Rect(0, 0, 20, 10), color.Palette{color.Black, color.White})
		p.SetColorIndex(i%20, 0, 1)
		g.Image, g.Delay = append(g.Image, p), append(g.Delay, 10)
	}
	var b bytes.Buffer
	if err := gif.EncodeAll(&b, g); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// gifBomb is a sound GIF whose frames, of one colour each, unpack to far more than it weighs.
func gifBomb(t *testing.T, frames int, w, h uint16) []byte {
	t.Helper()
	var packed bytes.Buffer
	z := lzw.NewWriter(&packed, lzw.LSB, 2)
	if _, err := z.Write(make([]byte, int(w)*int(h))); err != nil {
		t.Fatal(err)
	}
	_ = z.Close()
	body := []byte{2}
	for rest := packed.Bytes(); ; {
		n := min(len(rest), 255)
		body = append(append(body, byte(n)), rest[:n]...)
		if n == 0 {
			break
		}
		rest = rest[n:]
	}
	out := append([]byte("GIF89a"), byte(w), byte(w>>8), byte(h), byte(h>>8), 0x80, 0, 0, 0, 0, 0, 255, 255, 255)
	for range frames {
		out = append(append(out, 0x2c, 0, 0, 0, 0, byte(w), byte(w>>8), byte(h), byte(h>>8), 0), body...)
	}
	return append(out, 0x3b)
}

const tinyWebP = "UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA"

// Whatever hides in a picture, only its pixels are kept.
func TestOnlyPixelsAreKept(t *testing.T) {
	plain := pngOf(t, drawn(40, 20))
	end := len(plain) - 12
	webp, _ := base64.StdEncoding.DecodeString(tinyWebP)
	commented := gifOf(t, 3)
	at := bytes.IndexByte(commented, 0x21)
	if at < 0 {
		at = bytes.IndexByte(commented[13+6:], 0x2c) + 19
	}
	comment := append([]byte{0x21, 0xfe, byte(len(payload))}, append([]byte(payload), 0)...)
	for name, c := range map[string]struct {
		data          []byte
		ext           string
		width, height int
	}{
		"png with text":         {append(append(append([]byte{}, plain[:33]...), chunk("tEXt", []byte("Comment\x00"+payload))...), plain[33:]...), "png", 40, 20},
		"png with a tail":       {append(append([]byte{}, plain...), payload+"PK\x03\x04"...), "png", 40, 20},
		"png with a profile":    {append(append(append([]byte{}, plain[:end]...), chunk("zTXt", []byte(payload))...), plain[end:]...), "png", 40, 20},
		"jpeg with exif":        {append(jpegOf(t, drawn(40, 20), 1), payload...), "jpg", 40, 20},
		"jpeg held on its side": {jpegOf(t, drawn(40, 20), 6), "jpg", 20, 40},
		"gif with a comment":    {append(append(append([]byte{}, commented[:at]...), comment...), commented[at:]...), "gif", 20, 10},
		"gif that is a script":  {append(gifOf(t, 2), "/*"+payload+"*/=1;"...), "gif", 20, 10},
		"webp":                  {webp, "jpg", 1, 1},
		"a wide one":            {pngOf(t, drawn(3200, 100)), "png", 1600, 50},
	} {
		p, err := media.Clean(c.data)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Extension != c.ext || p.Width != c.width || p.Height != c.height || len(p.Hash) != 64 {
			t.Errorf("%s: %s, %d by %d", name, p.Name(), p.Width, p.Height)
		}
		for _, hidden := range []string{"script", "php", "GPS", "Exif", "PK\x03\x04", "tEXt", "zTXt"} {
			if bytes.Contains(p.Body, []byte(hidden)) {
				t.Errorf("%s: %q got through", name, hidden)
			}
		}
		if again, format, err := image.Decode(bytes.NewReader(p.Body)); err != nil || again.Bounds().Dx() != c.width || !strings.HasPrefix(strings.Replace(c.ext, "jpg", "jpeg", 1), format) {
			t.Errorf("%s: what is kept is no picture: %s %v", name, format, err)
		}
	}
	side, err := media.Clean(jpegOf(t, drawn(400, 200), 6))
	if err != nil {
		t.Fatal(err)
	}
	m, _ := jpeg.Decode(bytes.NewReader(side.Body))
	// What was at the left edge (little red, by x) is at the top after a turn to the right.
	topRed, _, _, _ := m.At(100, 2).RGBA()
	lowRed, _, _, _ := m.At(100, 30).RGBA()
	if topRed >= lowRed {
		t.Errorf("a photo held on its side is turned the wrong way: %d above %d", topRed, lowRed)
	}
}

// What is no picture, or fills the memory, is refused before it is unpacked.
func TestHostileFilesAreRefused(t *testing.T) {
	whole := pngOf(t, drawn(200, 200))
	huge := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", []byte{0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60, 8, 6, 0, 0, 0})...)
	wide := append([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", []byte{0, 0, 0x7f, 0xff, 0, 0, 0, 1, 8, 6, 0, 0, 0})...)
	for name, data := range map[string][]byte{
		"nothing": nil, "svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`), "svg with a prologue": []byte(`<?xml version="1.0"?><!DOCTYPE svg><svg/>`),
		"html": []byte("<!doctype html>" + payload), "pdf": []byte("%PDF-1.7\n"), "bmp": []byte("BM\x3a\x00\x00\x00"), "tiff": []byte("II*\x00\x08\x00\x00\x00"), "half a png": whole[:len(whole)/2],
		"png of 3.6 billion pixels": huge, "png of one long line": wide, "gif that unpacks to 200 MB": gifBomb(t, 200, 1000, 1000), "gif of many frames": gifBomb(t, 400, 10, 10), "gif without an end": gifBomb(t, 2, 10, 10)[:40],
		"gif and javascript": []byte("GIF89a/*\x00\x00\x00*/=alert(1);"), "jpeg header alone": {0xff, 0xd8, 0xff, 0xe0}, "webp header alone": []byte("RIFF\x10\x00\x00\x00WEBPVP8 "), "too large": make([]byte, media.MaxBytes+1),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		_, err := media.Clean(data)
		runtime.ReadMemStats(&after)
		if p, ok := problem.As(err); !ok || p.Status != 422 || len(p.Fields) != 1 || p.Fields[0].Field != "file" {
			t.Errorf("%s: %v", name, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 || time.Since(began) > 2*time.Second {
			t.Errorf("%s: %d bytes, %s before it was refused", name, used, time.Since(began))
		}
	}
}

type house struct {
	*stafftest.House
	*campaignstest.World
	store *media.Store
}

func exercise(t *testing.T, f func(t *testing.T, h *house)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w := campaignstest.New(t, db)
		h := &house{stafftest.New(t, db, w.Clock.Now), w, &media.Store{DB: db, Now: w.Clock.Now}}
		(&media.Pages{Store: h.store, Site: h.Site, Base: "https://mail.example.com"}).Register(h.Echo)
		f(t, h)
	})
}

// form is an upload as a browser sends it.
func form(t *testing.T, name string, data []byte, fields ...string) (string, []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(fields); i += 2 {
		if err := w.WriteField(fields[i], fields[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	part, err := w.CreateFormFile("file", name)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := part.Write(data); err != nil {
		t.Fatal(err)
	}
	_ = w.Close()
	return w.FormDataContentType(), b.Bytes()
}

func TestLibrary(t *testing.T) {
	exercise(t, func(t *testing.T, h *house) {
		ada, rita := h.As("Ada", access.Marketer), h.As("Rita", access.ReadOnly)
		ada.Get("/admin/media").Want(200, "No pictures yet")
		photo := pngOf(t, drawn(60, 30))
		kind, body := form(t, "a.png", photo)
		ada.Send("/admin/media", kind, body).Want(422, "say what the picture shows")
		kind, body = form(t, `..\..\x"><script>alert(1)</script>.png`, photo, "alt", `A "><script>alert(1)</script> ship`)
		rita.Send("/admin/media", kind, body).Want(403)
		if a := h.Nobody().Get("/admin/media"); a.Code != 303 {
			t.Errorf("signed out: %d", a.Code)
		}
		ada.Send("/admin/media", kind, body).Want(303, "/admin/media")
		ada.Send("/admin/media", kind, body).Want(303)
		list, err := h.store.List(ctx, time.Time{}, "", 9)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d pictures, %v", len(list), err)
		}
		for _, path := range []string{"/admin/media", "/admin/media/pick"} {
			if page := ada.Get(path).Want(200, "/media/"+list[0].Name()).Body.String(); strings.Contains(page, "<script>alert") {
				t.Errorf("%s runs the name of a file", path)
			}
		}

		// The address is public, never changes, and runs nothing.
		got := h.Nobody().Get("/media/" + list[0].Name()).Want(200)
		want := map[string]string{"Content-Type": "image/png", "X-Content-Type-Options": "nosniff", "Cache-Control": "public, max-age=31536000, immutable", "Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "cross-origin"}
		for name, value := range want {
			if got.Header().Get(name) != value {
				t.Errorf("%s: %q", name, got.Header().Get(name))
			}
		}
		if len(got.Result().Cookies()) != 0 {
			t.Error("a picture sets a cookie")
		}
		if m, err := png.Decode(got.Body); err != nil || m.Bounds().Dx() != 60 {
			t.Error(err)
		}
		req := httptest.NewRequest("GET", "/media/"+list[0].Name(), nil)
		req.Header.Set("If-None-Match", `"`+list[0].Hash+`"`)
		rec := httptest.NewRecorder()
		h.Echo.ServeHTTP(rec, req)
		if rec.Code != 304 {
			t.Errorf("asked again: %d", rec.Code)
		}
		for _, name := range []string{strings.Replace(list[0].Name(), ".png", ".gif", 1), list[0].Hash, "x.png", "..%2f" + list[0].Name(), strings.Repeat("0", 64) + ".png"} {
			h.Nobody().Get("/media/" + name).Want(404)
		}

		// What a campaign shows stays; the audit log tells of what came and went.
		h.Topic("news", nil)
		mine, err := h.store.Add(ctx, campaignstest.Staff, media.Upload{Name: "b.jpg", Decorative: true, Data: jpegOf(t, drawn(30, 30), 1)})
		if err != nil {
			t.Fatal(err)
		}
		h.Campaign("news", func(d *campaigns.Draft) {
			d.Blocks = []byte(`[{"type":"image","url":"https://mail.example.com/media/` + list[0].Name() + `","alt":"A ship"}]`)
		})
		ada.Post("/admin/media/" + list[0].Hash + "/delete").Want(303)
		ada.Post("/admin/media/" + mine.Hash + "/delete").Want(303)
		h.Nobody().Get("/media/" + list[0].Name()).Want(200)
		h.Nobody().Get("/media/" + mine.Name()).Want(404)
		var told int
		if err := h.DB.QueryRowContext(ctx, "SELECT count(*) FROM audit_log WHERE action IN ('media.add', 'media.remove')").Scan(&told); err != nil || told != 4 {
			t.Errorf("the audit log tells of %d, %v", told, err)
		}
	})
}
