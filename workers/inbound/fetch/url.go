package fetch

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// source is where the mailbox is.
type source struct {
	address        string // host:port
	host           string
	user, password string
	folder         string
	moveTo         string // "" leaves mails where they are
	every          time.Duration
	security       security
}

type security uint8

const (
	implicitTLS security = iota
	startTLS
	noTLS
)

const minEvery = 5 * time.Second

// parseURL reads imaps://user:password@host[:993]/INBOX?move=Done&every=1m.
// imap:// uses STARTTLS on port 143; only on the loopback interface may it be
// turned off, with ?tls=none.
func parseURL(raw string) (s source, err error) {
	u, err := url.Parse(raw)
	if err != nil {
		return s, errors.New("fetch: the mailbox URL cannot be read") // the error would quote the password
	}
	port := "993"
	switch u.Scheme {
	case "imaps":
	case "imap":
		port, s.security = "143", startTLS
	default:
		return s, errors.New("fetch: the mailbox URL must begin with imaps:// or imap://")
	}
	s.host = u.Hostname()
	if u.Port() != "" {
		port = u.Port()
	}
	s.address = net.JoinHostPort(s.host, port)
	s.password, _ = u.User.Password()
	s.user = u.User.Username()
	if s.host == "" || s.user == "" || s.password == "" {
		return s, errors.New("fetch: the mailbox URL needs a host, a user and a password")
	}
	if s.folder = strings.Trim(u.Path, "/"); s.folder == "" {
		s.folder = "INBOX"
	}
	s.every = time.Minute
	for name, values := range u.Query() {
		v := values[len(values)-1]
		switch {
		case name == "move":
			s.moveTo = v
		case name == "every":
			if s.every, err = time.ParseDuration(v); err != nil || s.every < minEvery {
				return s, errors.New("fetch: every must be a duration of 5s or more")
			}
		case name == "tls" && v == "none" && u.Scheme == "imap" && loopback(s.host):
			s.security = noTLS
		case name == "tls":
			return s, errors.New("fetch: TLS can be turned off on the loopback interface only")
		default:
			return s, errors.New("fetch: the mailbox URL knows move, every and tls")
		}
	}
	if s.moveTo == s.folder {
		return s, errors.New("fetch: mails cannot be moved to where they are")
	}
	return s, nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}
