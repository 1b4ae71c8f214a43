package message

import "bytes"

// maxQuoted is how many octets of a quoted-printable line (RFC 2045 §6.7: 76 at most) come before the sign of a soft line break.
const maxQuoted = 75

// plain are the octets that quoted-printable leaves alone within a line.
var plain = func() (t [256]bool) {
	for c := ' '; c <= '~'; c++ {
		t[c] = c != '='
	}
	t['\t'] = true
	return t
}()

// appendQuoted encodes text whose lines end in LF or CRLF, run by run, starting at column col of a line. It returns the column behind it.
// At the start of a line it also encodes what a relay or a mailbox file might trip over there: a dot, a "From ", and two hyphens, so that
// no text is ever taken for a MIME boundary.
func appendQuoted(dst, s []byte, col int) ([]byte, int) {
	for i := 0; i < len(s); {
		if col == 0 && guarded(s[i:]) {
			dst, col = append(dst, '=', hexDigits[s[i]>>4], hexDigits[s[i]&15]), 3
			i++
			continue
		}
		run := i
		for end := min(len(s), i+maxQuoted-col); i < end && plain[s[i]]; i++ {
		}
		dst = append(dst, s[run:i]...)
		col += i - run
		if i == len(s) {
			break
		}
		c := s[i]
		switch {
		case c == '\r' || c == '\n':
			dst = breakLine(dst, col)
			col = 0
			if i++; c == '\r' && i < len(s) && s[i] == '\n' {
				i++
			}
		case plain[c]: // the line is full
			dst, col = append(dst, "=\r\n"...), 0
		default:
			if col+3 > maxQuoted {
				dst, col = append(dst, "=\r\n"...), 0
			}
			dst = append(dst, '=', hexDigits[c>>4], hexDigits[c&15])
			col += 3
			i++
		}
	}
	return dst, col
}

// guarded tells whether the first octet of a line is encoded though it need not be.
func guarded(s []byte) bool {
	switch s[0] {
	case '.':
		return true
	case '-':
		return len(s) == 1 || s[1] == '-'
	case 'F':
		return bytes.HasPrefix(s, []byte("From "))
	}
	return false
}

// breakLine ends a line. A blank may not be the last thing on it.
func breakLine(dst []byte, col int) []byte {
	return append(closeLine(dst, col), "\r\n"...)
}

// closeLine encodes a blank at the end of a line or part.
func closeLine(dst []byte, col int) []byte {
	if col == 0 {
		return dst
	}
	last := dst[len(dst)-1]
	if last != ' ' && last != '\t' {
		return dst
	}
	dst = dst[:len(dst)-1]
	if col+2 > maxQuoted {
		dst = append(dst, "=\r\n"...)
	}
	return append(dst, '=', hexDigits[last>>4], hexDigits[last&15])
}
