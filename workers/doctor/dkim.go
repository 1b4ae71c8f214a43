package doctor

import (
	"context"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"strings"
)

// DKIM checks the public key that a domain publishes under a selector.
func DKIM(ctx context.Context, r Resolver, domain, selector string) Check {
	where := selector + "._domainkey." + domain
	name := "DKIM " + where
	txts, err := r.LookupTXT(ctx, where)
	switch {
	case err != nil && !absent(err):
		return unreachable(name, err)
	case len(txts) == 0:
		return failf(name, "publish the public key as a TXT record at "+where, "there is no key: every signature under it fails")
	case len(txts) > 1:
		return failf(name, "leave one record", "there are %d records; receivers may take either or none", len(txts))
	}
	tags := tagList(txts[0])
	if v, ok := tags["v"]; ok && v != "DKIM1" {
		return failf(name, "let the record begin with v=DKIM1", "the record is of version %q", v)
	}
	key, there := tags["p"]
	key = strings.Join(strings.Fields(key), "")
	switch {
	case !there:
		return failf(name, "publish the public key in p=", "the record has no key: %s", txts[0])
	case key == "":
		return failf(name, "sign under another selector, or publish the key again", "the key is revoked (p= is empty)")
	}
	raw, err := base64.StdEncoding.DecodeString(key)
	if err != nil {
		return failf(name, "publish the key again; a line break or quote may have got into it", "the key is not base64")
	}
	if tags["k"] == "ed25519" {
		if len(raw) != ed25519.PublicKeySize {
			return failf(name, "publish the key again", "an Ed25519 key has 32 bytes, this one %d", len(raw))
		}
		return warnf(name, "sign with RSA-2048 too, under another selector: many receivers do not know Ed25519", "Ed25519 key")
	}
	bits, err := rsaBits(raw)
	switch {
	case err != nil:
		return failf(name, "publish the key again", "the key cannot be read: %v", err)
	case bits < 1024:
		return failf(name, "make a key of 2048 bits", "RSA key of %d bits: receivers must not believe it (RFC 8301)", bits)
	case bits < 2048:
		return warnf(name, "make a key of 2048 bits under a new selector", "RSA key of %d bits", bits)
	case hasFlag(tags["t"], "y"):
		return warnf(name, "leave t=y out when the tests are over", "the key is marked as being tested: receivers treat the mail as unsigned")
	}
	return okf(name, "RSA key of %d bits", bits)
}

func rsaBits(raw []byte) (int, error) {
	if k, err := x509.ParsePKIXPublicKey(raw); err == nil {
		if r, ok := k.(*rsa.PublicKey); ok {
			return r.N.BitLen(), nil
		}
		return 0, fmt.Errorf("it is a %T", k)
	}
	k, err := x509.ParsePKCS1PublicKey(raw)
	if err != nil {
		return 0, err
	}
	return k.N.BitLen(), nil
}

// tagList reads "name=value; name=value" (RFC 6376 §3.2).
func tagList(s string) map[string]string {
	out := map[string]string{}
	for part := range strings.SplitSeq(s, ";") {
		if k, v, ok := strings.Cut(part, "="); ok {
			out[strings.TrimSpace(k)] = strings.TrimSpace(v)
		}
	}
	return out
}

func hasFlag(list, flag string) bool {
	for f := range strings.SplitSeq(list, ":") {
		if strings.TrimSpace(f) == flag {
			return true
		}
	}
	return false
}
