package message_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-msgauth/dkim"

	"assent/workers/message"
)

var rsaKeys = sync.OnceValue(func() (out [2]*rsa.PrivateKey) {
	for i := range out {
		k, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			panic(err)
		}
		out[i] = k
	}
	return out
})

func edKey(t testing.TB) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// zone is DNS with the records of some keys.
type zone map[string]string

func (z zone) publish(t testing.TB, keys ...message.Key) {
	t.Helper()
	for _, k := range keys {
		name, text, err := k.Record("brand.example")
		if err != nil {
			t.Fatal(err)
		}
		z[name] = text
	}
}

// valid counts good and bad signatures.
func (z zone) valid(t testing.TB, raw []byte) (good, bad int) {
	t.Helper()
	found, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		if text, ok := z[name]; ok {
			return []string{text}, nil
		}
		return nil, fmt.Errorf("no record %s", name)
	}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range found {
		if v.Err == nil && v.Domain == "brand.example" {
			good++
		} else {
			bad++
		}
	}
	return good, bad
}

func TestAnyChangedHeaderBreaksBothSignatures(t *testing.T) {
	keys := []message.Key{{Selector: "r1", Private: rsaKeys()[0]}, {Selector: "e1", Private: edKey(t)}}
	s, err := message.NewSigner("brand.example", keys...)
	if err != nil {
		t.Fatal(err)
	}
	z := zone{}
	z.publish(t, keys...)
	m := bulk()
	m.To.Name, m.Subject = strings.Repeat("Jörg ", 30), strings.Repeat("😀 ", 30)
	raw, _ := build(t, m)
	signed, err := s.Sign([]byte("before"), raw)
	if err != nil {
		t.Fatal(err)
	}
	signed = bytes.TrimPrefix(signed, []byte("before"))
	if found := message.Lint(signed); len(found) > 0 {
		t.Errorf("%q", found)
	}
	if good, bad := z.valid(t, signed); good != 2 || bad != 0 {
		t.Fatalf("%d good, %d bad\n%s", good, bad, signed)
	}
	head := string(signed[:len(signed)-len(raw)])
	if flat := strings.NewReplacer("\r\n", "", " ", "").Replace(head); strings.Contains(flat, ";l=") || strings.Count(strings.ToLower(flat), "from:") < 4 {
		t.Errorf("%s", head)
	}
	for _, name := range strings.Fields(names(raw)) {
		changed := bytes.Replace(raw, []byte("\r\n"+name+":"), []byte("\r\n"+name+": x"), 1)
		if name == "Date" {
			changed = bytes.Replace(raw, []byte("Date: "), []byte("Date: x"), 1)
		}
		if bytes.Equal(changed, raw) {
			t.Fatalf("%s was not changed", name)
		}
		if good, bad := z.valid(t, append([]byte(head), changed...)); good != 0 || bad != 2 {
			t.Errorf("with another %s %d signatures hold", name, good)
		}
	}
	for _, name := range []string{"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type"} {
		if good, _ := z.valid(t, append([]byte(head+name+": x\r\n"), raw...)); good != 0 {
			t.Errorf("with a second %s %d signatures hold", name, good)
		}
	}
	if good, _ := z.valid(t, append(bytes.Clone(signed), "more\r\n"...)); good != 0 {
		t.Errorf("with a longer body %d signatures hold", good)
	}
}

func TestKeysRotateWhileMailIsUnderWay(t *testing.T) {
	first, second := message.Key{Selector: "r1", Private: rsaKeys()[0]}, message.Key{Selector: "r2", Private: rsaKeys()[1]}
	s, err := message.NewSigner("brand.example", first)
	if err != nil {
		t.Fatal(err)
	}
	z := zone{}
	z.publish(t, first, second)
	raw, _ := build(t, notice())
	before, err := s.Sign(nil, raw)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Rotate(second); err != nil {
		t.Fatal(err)
	}
	after, err := s.Sign(nil, raw)
	if err != nil {
		t.Fatal(err)
	}
	for which, signed := range map[string][]byte{"s=r1": before, "s=r2": after} {
		if good, bad := z.valid(t, signed); good != 1 || bad != 0 || !bytes.Contains(signed, []byte(which)) {
			t.Errorf("%s: %d good, %d bad", which, good, bad)
		}
	}
}

func TestWeakOrLonelyKeysAreRefused(t *testing.T) {
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Skip(err)
	}
	good := message.Key{Selector: "r", Private: rsaKeys()[0]}
	for name, keys := range map[string][]message.Key{
		"none": nil, "Ed25519 alone": {{Selector: "e", Private: edKey(t)}}, "1024 bits": {{Selector: "w", Private: weak}},
		"bad selector": {{Selector: "a b", Private: rsaKeys()[0]}}, "no key": {good, {Selector: "n"}},
	} {
		if _, err := message.NewSigner("brand.example", keys...); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
	if _, err := message.NewSigner("a; s=x", good); err == nil {
		t.Error("a domain with a tag in it was taken")
	}
}

func TestKeysAreReadFromPEM(t *testing.T) {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(edKey(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range []*pem.Block{{Type: "PRIVATE KEY", Bytes: pkcs8}, {Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(rsaKeys()[0])}} {
		if k, err := message.ParseKey("s", pem.EncodeToMemory(block)); err != nil || k.Private == nil || k.Selector != "s" {
			t.Errorf("%s: %v", block.Type, err)
		}
	}
	if _, err := message.ParseKey("s", []byte("nonsense")); err == nil {
		t.Error("nonsense was read as a key")
	}
}

func BenchmarkSign(b *testing.B) {
	raw, _ := build(b, bulk())
	raw = append(raw, bytes.Repeat([]byte("0123456789abcdef0123456789abcdef0123456789abcdef\r\n"), 220)...)
	for name, keys := range map[string][]message.Key{
		"RSA-2048": {{Selector: "r", Private: rsaKeys()[0]}}, "both": {{Selector: "r", Private: rsaKeys()[0]}, {Selector: "e", Private: edKey(b)}},
	} {
		b.Run(name, func(b *testing.B) {
			s, err := message.NewSigner("brand.example", keys...)
			if err != nil {
				b.Fatal(err)
			}
			var buf []byte
			for b.Loop() {
				if buf, err = s.Sign(buf[:0], raw); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
