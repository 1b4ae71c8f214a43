package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The stored form of facts is made for volume: it is written with every
// decision and read when decisions are audited. One-letter codes, defaults left
// out. Codes are part of the stored data and never change their meaning.
//
//	{"c":"m","b":"c","s":"g","n":"ebvrmsxdqup","tq":1767250800000000,"e":"0189…"}
//
// c, b and s are class, basis and state; n and y list the facts that are No and
// Yes, and a fact in neither is unknown; keys with t are times in microseconds
// since 1970; e is the evidence.
const (
	classCodes = "\x00mrsn"
	basisCodes = "\x00csliovp"
	stateCodes = "\x00npgwox"
	factCodes  = "ebvrmsxdqupcgo"
)

// fields lists the yes-or-no facts in the order of factCodes.
func (f *Facts) fields() [len(factCodes)]*Fact {
	return [...]*Fact{
		&f.Erased, &f.Bounced, &f.Unverified, &f.Restricted, &f.Minor, &f.Suppressed,
		&f.Complained, &f.ObjectedDirect, &f.ObjectedResearch, &f.UnsubscribedAll,
		&f.PartnerOptedOut, &f.Customer, &f.SimilarGoods, &f.OptOutOffered,
	}
}

// times lists the times with their keys.
func (f *Facts) times() [5]struct {
	key string
	at  *time.Time
} {
	return [5]struct {
		key string
		at  *time.Time
	}{
		{`"te":`, &f.ConsentExpires}, {`"tp":`, &f.PausedUntil}, {`"tc":`, &f.CappedUntil},
		{`"tq":`, &f.QuietUntil}, {`"tx":`, &f.CampaignExpires},
	}
}

// AppendJSON appends the stored form to b. ParseFacts gives the same facts
// back, with times in UTC.
func (f Facts) AppendJSON(b []byte) []byte {
	b = append(b, '{')
	b = appendCode(b, `"c":"`, classCodes, uint8(f.Class))
	b = appendCode(b, `"b":"`, basisCodes, uint8(f.Basis))
	b = appendCode(b, `"s":"`, stateCodes, uint8(f.State))
	fields := f.fields()
	b = appendFacts(b, `"n":"`, &fields, No)
	b = appendFacts(b, `"y":"`, &fields, Yes)
	for _, t := range f.times() {
		if !t.at.IsZero() {
			b = appendTime(append(b, t.key...), *t.at)
			b = append(b, ',')
		}
	}
	if f.Evidence != "" {
		b = appendString(append(b, `"e":`...), f.Evidence)
		b = append(b, ',')
	}
	if b[len(b)-1] == ',' {
		b = b[:len(b)-1]
	}
	return append(b, '}')
}

// MarshalJSON is AppendJSON for encoding/json.
func (f Facts) MarshalJSON() ([]byte, error) { return f.AppendJSON(nil), nil }

// appendCode writes one value of an enumeration. What is out of range decides
// like the zero value and is stored as it.
func appendCode(b []byte, key, codes string, i uint8) []byte {
	if i == 0 || int(i) >= len(codes) {
		return b
	}
	return append(append(b, key...), codes[i], '"', ',')
}

func appendFacts(b []byte, key string, fields *[len(factCodes)]*Fact, want Fact) []byte {
	start := len(b)
	b = append(b, key...)
	empty := len(b)
	for i, f := range fields {
		if *f == want {
			b = append(b, factCodes[i])
		}
	}
	if len(b) == empty {
		return b[:start]
	}
	return append(b, '"', ',')
}

// appendTime writes microseconds, and nanoseconds as a fraction of three digits
// if there are any.
func appendTime(b []byte, t time.Time) []byte {
	us, ns := t.Unix()*1e6+int64(t.Nanosecond()/1000), t.Nanosecond()%1000
	if ns == 0 {
		return strconv.AppendInt(b, us, 10)
	}
	if us < 0 { // the fraction counts away from zero
		if us, ns = us+1, 1000-ns; us == 0 {
			b = append(b, '-')
		}
	}
	b = strconv.AppendInt(b, us, 10)
	return append(b, '.', byte('0'+ns/100), byte('0'+ns/10%10), byte('0'+ns%10))
}

func appendString(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || strings.IndexByte(`"\<>&`, c) >= 0 {
			q, _ := json.Marshal(s) // of a string it cannot fail
			return append(b, q...)
		}
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

var errFacts = errors.New("gate: not a stored set of facts")

// ParseFacts reads what AppendJSON wrote. It is strict: an unknown key or code
// is an error, never a default.
func ParseFacts(b []byte) (Facts, error) {
	var in struct {
		C  string      `json:"c"`
		B  string      `json:"b"`
		S  string      `json:"s"`
		N  string      `json:"n"`
		Y  string      `json:"y"`
		TE json.Number `json:"te"`
		TP json.Number `json:"tp"`
		TC json.Number `json:"tc"`
		TQ json.Number `json:"tq"`
		TX json.Number `json:"tx"`
		E  string      `json:"e"`
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&in); err != nil {
		return Facts{}, fmt.Errorf("%w: %w", errFacts, err)
	}
	if _, err := d.Token(); err != io.EOF {
		return Facts{}, errFacts
	}
	f := Facts{Evidence: in.E}
	ok := parseCode(in.C, classCodes, (*uint8)(&f.Class)) &&
		parseCode(in.B, basisCodes, (*uint8)(&f.Basis)) &&
		parseCode(in.S, stateCodes, (*uint8)(&f.State)) &&
		parseFacts(in.N, f.fields(), No) && parseFacts(in.Y, f.fields(), Yes)
	for i, n := range [...]json.Number{in.TE, in.TP, in.TC, in.TQ, in.TX} {
		ok = ok && parseTime(string(n), f.times()[i].at)
	}
	if !ok {
		return Facts{}, errFacts
	}
	return f, nil
}

// UnmarshalJSON is ParseFacts for encoding/json.
func (f *Facts) UnmarshalJSON(b []byte) (err error) {
	*f, err = ParseFacts(b)
	return err
}

func parseCode(s, codes string, to *uint8) bool {
	if s == "" {
		return true
	}
	i := strings.IndexByte(codes[1:], s[0])
	*to = uint8(i + 1)
	return len(s) == 1 && i >= 0
}

// parseFacts sets the listed facts; one named twice is an error.
func parseFacts(s string, fields [len(factCodes)]*Fact, to Fact) bool {
	for i := 0; i < len(s); i++ {
		n := strings.IndexByte(factCodes, s[i])
		if n < 0 || *fields[n] != Unknown {
			return false
		}
		*fields[n] = to
	}
	return true
}

func parseTime(s string, to *time.Time) bool {
	if s == "" {
		return true
	}
	whole, frac, dot := strings.Cut(s, ".")
	us, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || dot && len(frac) != 3 {
		return false
	}
	var ns int64
	if dot {
		if ns, err = strconv.ParseInt(frac, 10, 64); err != nil {
			return false
		}
		if whole[0] == '-' {
			ns = -ns
		}
	}
	*to = time.UnixMicro(us).Add(time.Duration(ns)).UTC()
	return true
}
