package message

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/emersion/go-msgauth/dkim"

	"assent/preferences/address"
)

// Key is one DKIM key, published in DNS at selector._domainkey.domain.
type Key struct {
	Selector string
	Private  crypto.Signer // RSA of 2048 bits or more, or Ed25519
}

// Signer adds DKIM signatures for one domain (RFC 6376). RSA of 2048 bits costs about 2 ms of CPU for each message, Ed25519 a tenth: at
// volume it is the relay that should sign.
type Signer struct {
	domain string
	keys   atomic.Pointer[[]Key]
}

// oversigned are signed once more than they occur, so that none can be added (RFC 6376 §8.15).
var oversigned = []string{"From", "To", "Subject", "Date", "Message-ID", "Reply-To", "MIME-Version", "Content-Type"}

// NewSigner makes a signer. One key must be RSA: Ed25519 (RFC 8463 §3) is not understood everywhere and comes beside it only.
func NewSigner(domain string, keys ...Key) (*Signer, error) {
	if a, err := address.Parse("x@" + domain); err != nil || !strings.Contains(domain, ".") {
		return nil, fmt.Errorf("dkim: domain %q", domain)
	} else {
		domain = a.Domain
	}
	s := &Signer{domain: domain}
	return s, s.Rotate(keys...)
}

// Rotate signs with other keys from the next message on. The old ones must stay in DNS until what they signed has been delivered.
func (s *Signer) Rotate(keys ...Key) error {
	rsaKeys := 0
	for _, k := range keys {
		if k.Selector == "" || strings.Trim(k.Selector, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._") != "" {
			return fmt.Errorf("dkim: selector %q", k.Selector)
		}
		if k.Private == nil {
			return fmt.Errorf("dkim: selector %s has no key", k.Selector)
		}
		switch public := k.Private.Public().(type) {
		case *rsa.PublicKey:
			if rsaKeys++; public.N.BitLen() < 2048 { // RFC 8301 §3.2
				return fmt.Errorf("dkim: the RSA key of selector %s has %d bits; 2048 are needed", k.Selector, public.N.BitLen())
			}
		case ed25519.PublicKey:
		default:
			return fmt.Errorf("dkim: the key of selector %s is neither RSA nor Ed25519", k.Selector)
		}
	}
	if rsaKeys == 0 {
		return errors.New("dkim: an RSA key is needed, alone or beside Ed25519")
	}
	keys = slices.Clone(keys)
	s.keys.Store(&keys)
	return nil
}

// Sign appends the message to dst with its signatures before it. The message itself is not changed.
func (s *Signer) Sign(dst, raw []byte) ([]byte, error) {
	fields, _, err := split(raw)
	if err != nil {
		return dst, err
	}
	var names []string
	for _, f := range fields {
		names = append(names, f.name)
	}
	names = append(names, oversigned...)
	start := len(dst)
	for _, k := range *s.keys.Load() {
		signer, err := dkim.NewSigner(&dkim.SignOptions{
			Domain: s.domain, Selector: k.Selector, Signer: k.Private, HeaderKeys: names,
			HeaderCanonicalization: dkim.CanonicalizationRelaxed, BodyCanonicalization: dkim.CanonicalizationRelaxed,
		})
		if err != nil {
			return dst[:start], err
		}
		_, err = bytes.NewReader(raw).WriteTo(signer)
		if err = errors.Join(err, signer.Close()); err != nil {
			return dst[:start], fmt.Errorf("dkim: %w", err)
		}
		dst = append(dst, signer.Signature()...)
	}
	return append(dst, raw...), nil
}

// ParseKey reads a private key in PEM (PKCS #8, or PKCS #1 for RSA).
func ParseKey(selector string, text []byte) (Key, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return Key{}, fmt.Errorf("dkim: the key of selector %s is not PEM", selector)
	}
	if block.Type == "RSA PRIVATE KEY" {
		private, err := x509.ParsePKCS1PrivateKey(block.Bytes)
		if err != nil {
			return Key{}, fmt.Errorf("dkim: the key of selector %s: %w", selector, err)
		}
		return Key{selector, private}, nil
	}
	private, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return Key{}, fmt.Errorf("dkim: the key of selector %s: %w", selector, err)
	}
	signer, ok := private.(crypto.Signer)
	if !ok {
		return Key{}, fmt.Errorf("dkim: the key of selector %s cannot sign", selector)
	}
	return Key{selector, signer}, nil
}

// Record is the name and the text of the TXT record that publishes a key of the domain.
func (k Key) Record(domain string) (name, text string, err error) {
	kind, data := "ed25519", []byte(nil)
	switch public := k.Private.Public().(type) {
	case ed25519.PublicKey:
		data = public
	default:
		kind = "rsa"
		if data, err = x509.MarshalPKIXPublicKey(public); err != nil {
			return "", "", fmt.Errorf("dkim: %w", err)
		}
	}
	return k.Selector + "._domainkey." + domain, "v=DKIM1; k=" + kind + "; p=" + base64.StdEncoding.EncodeToString(data), nil
}
