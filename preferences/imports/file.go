package imports

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"assent/preferences/problem"
	"assent/preferences/sheet"
)

// Limits of a file.
const (
	maxRecord  = 1 << 20 // bytes of one row
	maxColumns = 10_000
	maxCell    = 16 << 10 // bytes
)

// Charsets that a file may be in. One that is not valid UTF-8 is taken for Windows-1252, of which Latin-1 is a part.
const (
	charsetUTF8  = "utf-8"
	charsetUTF16 = "utf-16"
	charset1252  = "windows-1252"
)

// sniffer watches a file go by and finds out its charset.
type sniffer struct {
	head    []byte // the first two bytes
	rest    []byte // of a character that is not whole yet
	invalid bool
}

func (s *sniffer) Write(p []byte) (int, error) {
	if len(s.head) < 2 {
		s.head = append(s.head, p[:min(len(p), 2-len(s.head))]...)
	}
	if s.invalid {
		return len(p), nil
	}
	text := p
	if len(s.rest) > 0 {
		text = append(s.rest, p...)
	}
	whole := len(text)
	for i := 1; i <= min(utf8.UTFMax-1, len(text)); i++ {
		if utf8.RuneStart(text[len(text)-i]) {
			if !utf8.FullRune(text[len(text)-i:]) {
				whole = len(text) - i
			}
			break
		}
	}
	s.invalid = !utf8.Valid(text[:whole])
	s.rest = append([]byte(nil), text[whole:]...)
	return len(p), nil
}

func (s *sniffer) charset() string {
	switch {
	case string(s.head) == "\xff\xfe", string(s.head) == "\xfe\xff":
		return charsetUTF16
	case s.invalid || len(s.rest) > 0:
		return charset1252
	}
	return charsetUTF8
}

// table reads the rows of a file.
type table struct {
	file   *os.File
	raw    *counted
	bound  *bounded
	csv    *csv.Reader
	header []string
	line   int // of the last row that could be read
}

// record is one row and the line on which it begins.
type record struct {
	line  int
	cells []string
	wrong string // why it cannot be read
}

// counted counts the bytes of the file that were read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}

// bounded fails when one row is too long, so that an unclosed quote does not read a whole file into memory.
type bounded struct {
	io.Reader
	left int
}

var errTooLong = fmt.Errorf("a row is longer than %d bytes; is a quotation mark left open?", maxRecord)

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.Reader.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// carriages reads a file whose lines end in a carriage return alone, as spreadsheets on a Macintosh write them.
type carriages struct{ io.Reader }

func (c carriages) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	for i, b := range p[:n] {
		if b == '\r' {
			p[i] = '\n'
		}
	}
	return n, err
}

// openTable opens a file and reads its header.
func openTable(path, charset string) (*table, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	t := &table{file: f, raw: &counted{Reader: f}}
	var text io.Reader = t.raw
	switch charset {
	case charsetUTF16:
		text = unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(text)
	case charset1252:
		text = charmap.Windows1252.NewDecoder().Reader(text)
	}
	t.bound = &bounded{Reader: text, left: 2 * maxRecord}
	in := bufio.NewReaderSize(t.bound, 64<<10)
	if start, _ := in.Peek(3); string(start) == "\ufeff" {
		_, _ = in.Discard(3)
	}
	if start, _ := in.Peek(32 << 10); bytes.IndexByte(start, '\r') >= 0 && bytes.IndexByte(start, '\n') < 0 {
		in = bufio.NewReaderSize(carriages{in}, 64<<10)
	}
	comma, err := delimiter(in)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	t.csv = csv.NewReader(in)
	t.csv.Comma, t.csv.FieldsPerRecord = comma, -1
	head, err := t.csv.Read()
	switch {
	case errors.Is(err, io.EOF):
		err = errors.New("the file is empty; its first row names the columns")
	case err == nil && len(head) > maxColumns:
		err = fmt.Errorf("the file has more than %d columns", maxColumns)
	}
	if err != nil {
		return nil, errors.Join(plain(err), f.Close())
	}
	for _, name := range head {
		t.header = append(t.header, strings.TrimSpace(name))
	}
	return t, nil
}

// delimiter finds what stands between the cells of the first row. Spreadsheets may name it in a row of its own, `sep=;`.
func delimiter(in *bufio.Reader) (rune, error) {
	start, err := in.Peek(32 << 10)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, bufio.ErrBufferFull) {
		return 0, err
	}
	if rest, ok := strings.CutPrefix(string(start), "sep="); ok && len(rest) > 1 && strings.ContainsRune(",;\t|", rune(rest[0])) {
		if _, err := in.ReadString('\n'); err != nil && !errors.Is(err, io.EOF) {
			return 0, err
		}
		return rune(rest[0]), nil
	}
	counts, quoted := map[rune]int{}, false
scan:
	for _, c := range string(start) {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			break scan
		default:
			counts[c]++
		}
	}
	best := ','
	for _, c := range []rune{';', '\t', '|'} {
		if counts[c] > counts[best] {
			best = c
		}
	}
	return best, nil
}

// next reads a row; io.EOF ends them. A row that cannot be read says why. Rows without anything in them are passed over.
func (t *table) next() (record, error) {
	for {
		t.bound.left = max(t.bound.left, maxRecord)
		cells, err := t.csv.Read()
		var parse *csv.ParseError
		switch {
		case errors.Is(err, errTooLong):
			return record{}, errTooLong
		case errors.As(err, &parse):
			return record{line: parse.StartLine, wrong: plain(err).Error()}, nil
		case err != nil:
			return record{}, err
		}
		line, _ := t.csv.FieldPos(0)
		t.line = line
		r := record{line: line, cells: cells}
		empty := true
		for i, cell := range cells {
			cells[i] = sheet.Plain(strings.TrimSpace(cell))
			empty = empty && cells[i] == ""
			switch {
			case len(cell) > maxCell:
				r.wrong = fmt.Sprintf("a cell is longer than %d bytes", maxCell)
			case strings.ContainsRune(cell, 0) || !utf8.ValidString(cell):
				r.wrong = "a cell holds the character NUL or is not text"
			case i >= len(t.header) && cells[i] != "":
				r.wrong = fmt.Sprintf("it has more cells than the %d columns of the first row", len(t.header))
			}
		}
		if empty {
			continue
		}
		return r, nil
	}
}

// plain says what is wrong with a row, without what stands in it.
func plain(err error) error {
	switch {
	case errors.Is(err, csv.ErrQuote):
		return errors.New("a quotation mark is not closed, or not doubled inside a cell")
	case errors.Is(err, csv.ErrBareQuote):
		return errors.New("a quotation mark stands in a cell that is not quoted")
	}
	return err
}

// failed says after which line a file could not be read on.
func (t *table) failed(err error) error {
	if errors.Is(err, errTooLong) {
		return problem.Unprocessable(fmt.Sprintf("After line %d: %s.", t.line, err))
	}
	return fmt.Errorf("imports: after line %d: %w", t.line, err)
}

func (t *table) Close() error { return t.file.Close() }
