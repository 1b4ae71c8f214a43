package media

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"image"
	"image/draw"
	"image/gif"
	"image/jpeg"
	"image/png"

	xdraw "golang.org/x/image/draw"
	_ "golang.org/x/image/webp" // read, and written as PNG or JPEG

	"assent/preferences/problem"
)

// Bounds of what is taken, and the width to which wider pictures are made smaller: a mail is 600 pixels wide, on a screen
// with more than two dots to a pixel.
const (
	MaxBytes  = 8 << 20
	maxSide   = 12_000
	maxPixels = 16_000_000
	maxWidth  = 1600
	quality   = 85
)

// Picture is what is stored.
type Picture struct {
	Hash, Extension string
	Width, Height   int
	Body            []byte
}

// Name is the file name under which it is served.
func (p Picture) Name() string { return p.Hash + "." + p.Extension }

// decoding lets one picture at a time be held in memory.
var decoding = make(chan struct{}, 1)

func refuse(detail string) error { return problem.Invalid("file", detail) }

// Clean reads a picture of any kind that is taken and writes its pixels anew.
func Clean(data []byte) (Picture, error) {
	if len(data) == 0 {
		return Picture{}, refuse("is required: choose a picture")
	}
	if len(data) > MaxBytes {
		return Picture{}, refuse(fmt.Sprintf("is larger than %d MB; make it smaller first", MaxBytes>>20))
	}
	config, format, err := image.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		return Picture{}, refuse("is not a PNG, JPEG, GIF or WebP picture")
	}
	if config.Width < 1 || config.Height < 1 || config.Width > maxSide || config.Height > maxSide || config.Width*config.Height > maxPixels {
		return Picture{}, refuse(fmt.Sprintf("has %d × %d pixels; at most %d million are taken", config.Width, config.Height, maxPixels/1_000_000))
	}
	decoding <- struct{}{}
	defer func() { <-decoding }()
	var out bytes.Buffer
	p := Picture{Width: config.Width, Height: config.Height}
	if format == "gif" {
		p.Extension, err = "gif", moving(&out, data)
	} else {
		err = still(&out, &p, data, format)
	}
	if err != nil {
		return Picture{}, err
	}
	sum := sha256.Sum256(out.Bytes())
	p.Hash, p.Body = hex.EncodeToString(sum[:]), out.Bytes()
	return p, nil
}

// moving writes the frames of a GIF anew, without its comments and extensions.
func moving(out *bytes.Buffer, data []byte) error {
	if err := frames(data); err != nil {
		return err
	}
	g, err := gif.DecodeAll(bytes.NewReader(data))
	if err != nil {
		return refuse("is a GIF that cannot be read to its end")
	}
	clean := &gif.GIF{Image: g.Image, Delay: g.Delay, LoopCount: g.LoopCount, Disposal: g.Disposal, Config: g.Config, BackgroundIndex: g.BackgroundIndex}
	return gif.EncodeAll(out, clean)
}

func still(out *bytes.Buffer, p *Picture, data []byte, format string) error {
	picture, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		return refuse("is a picture that cannot be read to its end, or one that moves and is no GIF")
	}
	if format == "jpeg" {
		picture = upright(picture, orientation(data))
	}
	if b := picture.Bounds(); b.Dx() > maxWidth {
		small := image.NewNRGBA(image.Rect(0, 0, maxWidth, max(1, b.Dy()*maxWidth/b.Dx())))
		xdraw.CatmullRom.Scale(small, small.Bounds(), picture, b, draw.Src, nil)
		picture = small
	}
	p.Width, p.Height = picture.Bounds().Dx(), picture.Bounds().Dy()
	if format == "jpeg" || format == "webp" && opaque(picture) {
		p.Extension = "jpg"
		return jpeg.Encode(out, picture, &jpeg.Options{Quality: quality})
	}
	p.Extension = "png"
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(out, picture)
}

func opaque(m image.Image) bool {
	o, ok := m.(interface{ Opaque() bool })
	return ok && o.Opaque()
}
