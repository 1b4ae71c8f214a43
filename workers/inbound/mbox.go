package inbound

import (
	"bufio"
	"bytes"
	"io"
	"iter"
)

// Mails are the mails in r: one, as a mail server pipes it, or those of an mbox
// file (RFC 4155), which begins with "From ". At most max bytes of each are
// kept; the rest of it is read past. An error ends the sequence.
func Mails(r io.Reader, max int) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		br := bufio.NewReaderSize(r, 64<<10)
		first, err := br.Peek(5)
		if len(first) == 0 {
			if err != nil && err != io.EOF {
				yield(nil, err)
			}
			return
		}
		mbox := string(first) == "From "
		var mail []byte
		begun, blank, fresh := false, true, true // fresh: at the beginning of a line
		for {
			line, err := br.ReadSlice('\n')
			switch {
			case mbox && fresh && blank && bytes.HasPrefix(line, []byte("From ")):
				if begun && !yield(mail, nil) {
					return
				}
				mail, begun = nil, true
			case len(line) > 0:
				begun = true
				if mbox && fresh && line[0] == '>' && bytes.HasPrefix(bytes.TrimLeft(line, ">"), []byte("From ")) {
					line = line[1:] // quoted with one more ">"
				}
				mail = append(mail, line[:min(len(line), max-min(len(mail), max))]...)
			}
			blank = fresh && len(bytes.TrimRight(line, "\r\n")) == 0
			fresh = err != bufio.ErrBufferFull
			switch err {
			case nil, bufio.ErrBufferFull:
			case io.EOF:
				if begun {
					yield(mail, nil)
				}
				return
			default:
				yield(nil, err)
				return
			}
		}
	}
}
