package parts

import "bytes"

// cutParts cuts the body of a multipart at its boundary lines (RFC 2046 §5.1)
// into at most max parts, each with its own header. A missing last boundary
// ends the last part with the body; anything before the first is left out.
func cutParts(body []byte, boundary string, max int) [][]byte {
	delimiter := append([]byte("--"), boundary...)
	var out [][]byte
	start := -1
	for at := 0; at < len(body); {
		end := len(body)
		next := end
		if nl := bytes.IndexByte(body[at:], '\n'); nl >= 0 {
			end, next = at+nl, at+nl+1
		}
		line := bytes.TrimRight(body[at:end], " \t\r")
		if rest, ok := bytes.CutPrefix(line, delimiter); ok && (len(rest) == 0 || string(rest) == "--") {
			if start >= 0 {
				out = append(out, trimLineEnd(body[start:at]))
			}
			start = next
			if len(rest) != 0 || len(out) >= max {
				return out
			}
		}
		at = next
	}
	if start >= 0 && start < len(body) {
		out = append(out, body[start:])
	}
	return out
}

// trimLineEnd takes away the line end that belongs to the boundary after it.
func trimLineEnd(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}
