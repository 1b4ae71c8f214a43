package ui

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// code draws text as a QR code: the path of its dark squares and the width of its view box, with the quiet zone of
// four squares that ISO/IEC 18004 wants around it. What does not fit gives an empty path.
func code(text string) (path, box string) {
	img, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", "0 0 1 1"
	}
	bounds := img.Bounds()
	var b strings.Builder
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			if r, _, _, _ := img.At(x, y).RGBA(); r == 0 {
				fmt.Fprintf(&b, "M%d %dh1v1h-1z", x-bounds.Min.X+4, y-bounds.Min.Y+4)
			}
		}
	}
	side := strconv.Itoa(bounds.Dx() + 8)
	return b.String(), "0 0 " + side + " " + side
}
