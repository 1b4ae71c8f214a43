package smtptest

import (
	"bytes"
	"errors"
	"io"
)

const maxLine = 8192

var errLine = errors.New("smtptest: line too long")

// input is a buffered reader that tells when it must wait for the sender: that is when replies are due, and what a round trip is.
type input struct {
	src        io.Reader
	wait       func() error // before each read that may block
	buf        []byte
	start, end int
}

func (in *input) pending() []byte { return in.buf[in.start:in.end] }

func (in *input) fill() error {
	if in.start == in.end {
		in.start, in.end = 0, 0
	}
	if in.end == len(in.buf) {
		if in.start == 0 {
			return errLine
		}
		in.end = copy(in.buf, in.buf[in.start:in.end])
		in.start = 0
	}
	if err := in.wait(); err != nil {
		return err
	}
	n, err := in.src.Read(in.buf[in.end:])
	in.end += n
	if n > 0 {
		return nil
	}
	return err
}

// line returns the next line without its end; it is valid until the next call.
func (in *input) line() ([]byte, error) {
	scanned := 0
	for {
		b := in.pending()
		if i := bytes.IndexByte(b[scanned:], '\n'); i >= 0 {
			in.start += scanned + i + 1
			return bytes.TrimSuffix(b[:scanned+i], []byte{'\r'}), nil
		}
		if scanned = len(b); scanned > maxLine {
			return nil, errLine
		}
		if err := in.fill(); err != nil {
			return nil, err
		}
	}
}

var end = []byte("\r\n.\r\n")

// message reads up to the final dot. With keep it returns the message as sent, still dot-stuffed; at more than limit octets (0: none) it stops.
func (in *input) message(keep bool, limit int) (data []byte, size int, err error) {
	take := func(n int) {
		if keep {
			data = append(data, in.buf[in.start:in.start+n]...)
		}
		in.start += n
		size += n
	}
	for first := true; ; {
		b := in.pending()
		if first && len(b) >= 3 {
			if bytes.HasPrefix(b, end[2:]) {
				in.start += 3
				return data, size, nil
			}
			first = false
		}
		if !first {
			if i := bytes.Index(b, end); i >= 0 && (limit == 0 || size+i+2 < limit) {
				take(i + 2)
				in.start += 3
				return data, size, nil
			}
			if n := len(b) - len(end) + 1; n > 0 {
				take(n)
			}
		}
		if limit > 0 && size+len(in.pending()) >= limit {
			take(len(in.pending()))
			return data, size, io.ErrUnexpectedEOF
		}
		if err := in.fill(); err != nil {
			take(len(in.pending()))
			return data, size, err
		}
	}
}

// unstuff takes the doubled dots away, RFC 5321 §4.5.2.
func unstuff(data []byte) []byte {
	data = bytes.TrimPrefix(data, []byte{'.'})
	return bytes.ReplaceAll(data, []byte("\r\n."), []byte("\r\n"))
}
