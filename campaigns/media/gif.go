package media

import "encoding/binary"

// Bounds of a GIF that moves: its frames together are held in memory, a byte to a pixel.
const (
	maxFrames      = 300
	maxFramePixels = 40_000_000
)

// frames walks over the blocks of a GIF (GIF89a §§ 17-27) without unpacking anything, and refuses one whose frames
// together would be too large: a few kilobytes can unpack to gigabytes.
func frames(data []byte) error {
	broken := refuse("is a GIF that cannot be read to its end")
	if len(data) < 13 {
		return broken
	}
	at := 13 + palette(data[10])
	count, pixels := 0, 0
	for at < len(data) {
		switch data[at] {
		case 0x21: // an extension: a label, then sub-blocks
			at = subBlocks(data, at+2)
		case 0x2c:
			if at+10 > len(data) {
				return broken
			}
			count++
			pixels += int(binary.LittleEndian.Uint16(data[at+5:])) * int(binary.LittleEndian.Uint16(data[at+7:]))
			if count > maxFrames || pixels > maxFramePixels {
				return refuse("moves for too long or is too large; a GIF may have 300 frames of 40 million pixels together")
			}
			at = subBlocks(data, at+10+palette(data[at+9])+1)
		case 0x3b:
			return nil
		default:
			return broken
		}
		if at < 0 {
			return broken
		}
	}
	return broken
}

// palette is the length of the colour table that a packed field tells of.
func palette(packed byte) int {
	if packed&0x80 == 0 {
		return 0
	}
	return 3 << (packed&7 + 1)
}

// subBlocks is where a chain of sub-blocks ends; negative when it does not.
func subBlocks(data []byte, at int) int {
	for at < len(data) {
		n := int(data[at])
		at += n + 1
		if n == 0 {
			return at
		}
	}
	return -1
}
