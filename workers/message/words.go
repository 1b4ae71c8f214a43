package message

import (
	"strings"
	"unicode/utf8"
)

// Header lines with encoded-words have at most 76 octets (RFC 2047 §2), and ours have no more anyway where they can be folded.
const maxHeaderLine = 76

const wordStart, wordEnd = "=?UTF-8?q?", "?="

// plainText tells whether a text is printable ASCII that nobody could take for an encoded-word.
func plainText(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// appendText writes an unstructured header value that starts at column col, folded; it returns the column behind it.
func appendText(dst []byte, col int, s string) ([]byte, int) {
	if !plainText(s) {
		return appendWords(dst, col, s)
	}
	return appendFolded(dst, col, s)
}

// appendFolded writes plain text, with line breaks at single blanks.
func appendFolded(dst []byte, col int, s string) ([]byte, int) {
	if col+len(s) <= maxHeaderLine {
		return append(dst, s...), col + len(s)
	}
	for first := true; s != ""; first = false {
		word := s
		if i := strings.IndexByte(s[1:], ' '); i >= 0 {
			word = s[:i+1]
		}
		s = s[len(word):]
		if !first && col+len(word) > maxHeaderLine { // word begins with the blank that the fold needs
			dst = append(dst, "\r\n"...)
			col = 0
		}
		dst = append(dst, word...)
		col += len(word)
	}
	return dst, col
}

// appendWords writes s as encoded-words of at most 75 octets, none of which splits a character (RFC 2047 §5).
func appendWords(dst []byte, col int, s string) ([]byte, int) {
	if col+len(wordStart)+12+len(wordEnd) > maxHeaderLine {
		dst, col = append(dst, "\r\n "...), 1
	}
	dst = append(dst, wordStart...)
	col += len(wordStart)
	for i := 0; i < len(s); {
		_, size := utf8.DecodeRuneInString(s[i:])
		width := 3 * size
		if size == 1 && safeWord[s[i]] || s[i] == ' ' {
			width = 1
		}
		if col+width+len(wordEnd) > maxHeaderLine {
			dst = append(append(dst, wordEnd+"\r\n "...), wordStart...)
			col = 1 + len(wordStart)
		}
		for _, b := range []byte(s[i : i+size]) {
			switch {
			case b == ' ':
				dst = append(dst, '_')
			case safeWord[b]:
				dst = append(dst, b)
			default:
				dst = append(dst, '=', hexDigits[b>>4], hexDigits[b&15])
			}
		}
		col += width
		i += size
	}
	return append(dst, wordEnd...), col + len(wordEnd)
}

const hexDigits = "0123456789ABCDEF"

// safeWord are the signs that may stand for themselves in an encoded-word anywhere, RFC 2047 §5 (3).
var safeWord = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '!' || c == '*' || c == '+' || c == '-' || c == '/'
	}
	return t
}()

// appendPhrase writes the name of a mailbox or list.
func appendPhrase(dst []byte, col int, name string) ([]byte, int) {
	if !plainText(name) {
		return appendWords(dst, col, name)
	}
	quoted := make([]byte, 0, 128)
	quoted = append(quoted, '"')
	for i := range len(name) {
		if name[i] == '"' || name[i] == '\\' {
			quoted = append(quoted, '\\')
		}
		quoted = append(quoted, name[i])
	}
	return appendFolded(dst, col, string(append(quoted, '"')))
}

// appendMailbox writes a name and an address behind a header name that ends at column col.
func appendMailbox(dst []byte, col int, a Address) []byte {
	if a.Name == "" {
		return append(append(append(dst, '<'), a.Email...), '>')
	}
	dst, col = appendPhrase(dst, col, a.Name)
	if col+len(a.Email)+3 > maxHeaderLine {
		dst = append(dst, "\r\n"...)
	}
	return append(append(append(dst, " <"...), a.Email...), '>')
}
