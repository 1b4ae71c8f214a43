package webhook

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// Fetcher gets an HTTPS address of Amazon SNS, which the caller has checked.
type Fetcher func(ctx context.Context, url string) ([]byte, error)

// maxFetch bounds what is read of an answer.
const maxFetch = 64 << 10

// Fetch gets the address over verified TLS, follows no redirect, uses no proxy
// and reads at most 64 KiB.
func Fetch(ctx context.Context, address string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	client := &http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, MaxResponseHeaderBytes: maxFetch},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errors.New("redirected") },
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	return io.ReadAll(io.LimitReader(resp.Body, maxFetch))
}

// snsMessage is the envelope that Amazon SNS puts around a report.
type snsMessage struct {
	Type, MessageId, TopicArn, Subject, Message string
	Timestamp, SignatureVersion, Signature      string
	SigningCertURL, SubscribeURL, Token         string
}

// signedText is what SNS signs: names and values on lines of their own, in
// byte order of the names, by type.
func (m snsMessage) signedText() string {
	var b strings.Builder
	add := func(name, value string) { b.WriteString(name + "\n" + value + "\n") }
	add("Message", m.Message)
	add("MessageId", m.MessageId)
	if m.Type == "Notification" {
		if m.Subject != "" {
			add("Subject", m.Subject)
		}
		add("Timestamp", m.Timestamp)
	} else {
		add("SubscribeURL", m.SubscribeURL)
		add("Timestamp", m.Timestamp)
		add("Token", m.Token)
	}
	add("TopicArn", m.TopicArn)
	add("Type", m.Type)
	return b.String()
}

var (
	snsHost = regexp.MustCompile(`^sns\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$`)
	snsCert = regexp.MustCompile(`^/SimpleNotificationService-[0-9a-zA-Z]{1,64}\.pem$`)
)

// snsURL checks that the address is one of SNS in the region of the topic, and
// nothing else: what a call says must not send us anywhere (SSRF).
func snsURL(address, topic string) (*url.URL, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "https" || u.User != nil || u.Opaque != "" || u.Port() != "" || u.Fragment != "" {
		return nil, ErrForged
	}
	host := snsHost.FindStringSubmatch(u.Host)
	arn := strings.Split(topic, ":")
	if host == nil || len(arn) != 6 || arn[3] != host[1] {
		return nil, ErrForged
	}
	return u, nil
}

// certificates keeps the few signing certificates in use.
type certificates struct {
	mu   sync.Mutex
	kept map[string]*rsa.PublicKey
	ends map[string]time.Time
}

const maxCertificates = 8

// key gets the key of the certificate at address, fetched once while it is
// valid.
func (c *certificates) key(ctx context.Context, fetch Fetcher, address string, now time.Time) (*rsa.PublicKey, error) {
	c.mu.Lock()
	k, end := c.kept[address], c.ends[address]
	c.mu.Unlock()
	if k != nil && now.Before(end) {
		return k, nil
	}
	data, err := fetch(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("webhook: fetching the certificate of SNS: %w", err)
	}
	block, _ := pem.Decode(data)
	if block == nil {
		return nil, ErrForged
	}
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil || now.Before(cert.NotBefore) || now.After(cert.NotAfter) {
		return nil, ErrForged
	}
	k, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok || k.N.BitLen() < 2048 {
		return nil, ErrForged
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= maxCertificates {
		c.kept, c.ends = map[string]*rsa.PublicKey{}, map[string]time.Time{}
	}
	c.kept[address], c.ends[address] = k, cert.NotAfter
	return k, nil
}

// verify checks topic, time and signature of the envelope.
func (m snsMessage) verify(ctx context.Context, s *SES, now time.Time) error {
	// Anybody with an account at Amazon can make SNS sign a message of a topic
	// of theirs. Only ours count.
	if !slices.Contains(s.Topics, m.TopicArn) {
		return ErrForged
	}
	u, err := snsURL(m.SigningCertURL, m.TopicArn)
	if err != nil || !snsCert.MatchString(u.Path) || u.RawQuery != "" {
		return ErrForged
	}
	at, err := time.Parse(time.RFC3339, m.Timestamp)
	if err != nil {
		return ErrForged
	}
	sig, err := base64.StdEncoding.DecodeString(m.Signature)
	if err != nil || len(sig) == 0 {
		return ErrForged
	}
	fetch := s.Fetch
	if fetch == nil {
		fetch = Fetch
	}
	key, err := s.certs.key(ctx, fetch, u.String(), now)
	if err != nil {
		return err
	}
	text := m.signedText()
	switch m.SignatureVersion {
	case "1": // what a topic uses unless its SignatureVersion is set to 2
		sum := sha1.Sum([]byte(text))
		err = rsa.VerifyPKCS1v15(key, crypto.SHA1, sum[:], sig)
	case "2":
		sum := sha256.Sum256([]byte(text))
		err = rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], sig)
	default:
		err = ErrForged
	}
	if err != nil {
		return ErrForged
	}
	return within(at, now, orDay(s.Window))
}
