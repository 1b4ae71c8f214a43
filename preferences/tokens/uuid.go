package tokens

import "encoding/hex"

// parseUUID reads a UUID in its one canonical spelling, lower case with four
// hyphens; "" is the nil UUID.
func parseUUID(s string) (u [16]byte, ok bool) {
	if s == "" {
		return u, true
	}
	if len(s) != 36 || s[8] != '-' || s[13] != '-' || s[18] != '-' || s[23] != '-' {
		return u, false
	}
	i := 0
	for j := 0; j < 36; j += 2 {
		if s[j] == '-' {
			j++
		}
		hi, lo := nibble(s[j]), nibble(s[j+1])
		if hi > 15 || lo > 15 {
			return [16]byte{}, false
		}
		u[i] = hi<<4 | lo
		i++
	}
	return u, true
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}

func mustUUID(s string) [16]byte {
	u, ok := parseUUID(s)
	if !ok {
		panic("tokens: an id is not a UUID")
	}
	return u
}

// formatUUID is the inverse of parseUUID: the nil UUID reads as "".
func formatUUID(u []byte) string {
	if [16]byte(u) == ([16]byte{}) {
		return ""
	}
	var b [36]byte
	hex.Encode(b[0:8], u[0:4])
	hex.Encode(b[9:13], u[4:6])
	hex.Encode(b[14:18], u[6:8])
	hex.Encode(b[19:23], u[8:10])
	hex.Encode(b[24:36], u[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
