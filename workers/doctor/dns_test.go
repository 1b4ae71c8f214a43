package doctor

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// zone is a name server on the loopback interface: name and type to values. A
// value of "SERVFAIL" makes the question fail.
type zone struct {
	mu   sync.Mutex
	data map[string][]string
}

func (z *zone) set(name, typ string, values ...string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	z.data[strings.ToLower(strings.TrimSuffix(name, "."))+" "+typ] = values
}

func (z *zone) get(name, typ string) (values []string, exists bool) {
	z.mu.Lock()
	defer z.mu.Unlock()
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	for k := range z.data {
		exists = exists || strings.HasPrefix(k, name+" ")
	}
	return z.data[name+" "+typ], exists
}

// resolver serves the zone over TCP and asks it through Go's own resolver.
func resolver(t *testing.T) (*net.Resolver, *zone) {
	t.Helper()
	z := &zone{data: map[string][]string{}}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go z.serve(c)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "tcp", l.Addr().String())
	}}, z
}

func (z *zone) serve(c net.Conn) {
	defer c.Close()
	for {
		var n [2]byte
		if _, err := io.ReadFull(c, n[:]); err != nil {
			return
		}
		q := make([]byte, binary.BigEndian.Uint16(n[:]))
		if _, err := io.ReadFull(c, q); err != nil {
			return
		}
		a := z.answer(q)
		if a == nil {
			return
		}
		if _, err := c.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(a))), a...)); err != nil {
			return
		}
	}
}

func (z *zone) answer(q []byte) []byte {
	var p dnsmessage.Parser
	head, err := p.Start(q)
	if err != nil {
		return nil
	}
	question, err := p.Question()
	if err != nil {
		return nil
	}
	typ := strings.TrimPrefix(question.Type.String(), "Type")
	values, exists := z.get(question.Name.String(), typ)
	head.Response, head.RecursionAvailable, head.Authoritative = true, true, true
	if !exists {
		head.RCode = dnsmessage.RCodeNameError
	}
	if len(values) == 1 && values[0] == "SERVFAIL" {
		head.RCode, values = dnsmessage.RCodeServerFailure, nil
	}
	b := dnsmessage.NewBuilder(nil, head)
	_ = b.StartQuestions()
	_ = b.Question(question)
	_ = b.StartAnswers()
	rh := dnsmessage.ResourceHeader{Name: question.Name, Class: dnsmessage.ClassINET, TTL: 1}
	for _, v := range values {
		switch typ {
		case "TXT":
			var chunks []string
			for len(v) > 200 {
				chunks, v = append(chunks, v[:200]), v[200:]
			}
			_ = b.TXTResource(rh, dnsmessage.TXTResource{TXT: append(chunks, v)})
		case "MX":
			_ = b.MXResource(rh, dnsmessage.MXResource{Pref: 10, MX: dnsmessage.MustNewName(v)})
		case "PTR":
			_ = b.PTRResource(rh, dnsmessage.PTRResource{PTR: dnsmessage.MustNewName(v)})
		case "A":
			_ = b.AResource(rh, dnsmessage.AResource{A: netip.MustParseAddr(v).As4()})
		case "AAAA":
			_ = b.AAAAResource(rh, dnsmessage.AAAAResource{AAAA: netip.MustParseAddr(v).As16()})
		}
	}
	out, err := b.Finish()
	if err != nil {
		return nil
	}
	return out
}
