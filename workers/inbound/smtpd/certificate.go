package smtpd

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

// Certificate is one in two PEM files, read again when they change, so that a
// renewal needs no restart.
type Certificate struct {
	cert, key string
	log       *slog.Logger

	mu     sync.Mutex
	loaded *tls.Certificate
	stamp  stamp
	looked time.Time
}

// stamp tells one state of both files from another.
type stamp struct {
	cert, key         time.Time
	certSize, keySize int64
}

// lookAgain is the least time between two looks at the files.
const lookAgain = time.Second

// LoadCertificate reads the certificate with its chain, and its key.
func LoadCertificate(cert, key string, log *slog.Logger) (*Certificate, error) {
	c := &Certificate{cert: cert, key: key, log: log}
	at, err := c.look()
	if err != nil {
		return nil, err
	}
	return c, c.load(at)
}

func (c *Certificate) look() (s stamp, err error) {
	cert, err := os.Stat(c.cert)
	if err != nil {
		return s, fmt.Errorf("smtpd: certificate: %w", err)
	}
	key, err := os.Stat(c.key)
	if err != nil {
		return s, fmt.Errorf("smtpd: key of the certificate: %w", err)
	}
	return stamp{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}

func (c *Certificate) load(at stamp) error {
	pair, err := tls.LoadX509KeyPair(c.cert, c.key)
	if err != nil {
		return fmt.Errorf("smtpd: certificate: %w", err)
	}
	c.loaded, c.stamp = &pair, at
	return nil
}

// Current is the certificate as the files have it. One that is half written, or
// gone, leaves the last good one.
func (c *Certificate) Current() *tls.Certificate {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.looked) < lookAgain {
		return c.loaded
	}
	c.looked = time.Now()
	at, err := c.look()
	if err == nil && at != c.stamp {
		if err = c.load(at); err == nil {
			c.log.Info("inbound server: the certificate was renewed")
		}
	}
	if err != nil {
		c.log.Warn("inbound server: the certificate cannot be read again; the last one is used", "error", err)
	}
	return c.loaded
}

// Config offers the certificate to clients of TLS 1.2 or later.
func (c *Certificate) Config() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return c.Current(), nil }}
}
