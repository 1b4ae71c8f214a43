package doctor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/smtp"
	"strconv"
	"time"
)

// soon is how long before its end a certificate is spoken of.
const soon = 14 * 24 * time.Hour

// RelayTLS connects to the relay and checks its certificate, without signing
// in or sending anything. A relay on this machine may do without TLS.
func RelayTLS(ctx context.Context, r Relay, conf *tls.Config, now func() time.Time) Check {
	name := "relay " + r.Stream + " " + net.JoinHostPort(r.Host, strconv.Itoa(r.Port))
	state, greeted, err := r.connect(ctx, conf)
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.As(err, &unknown):
		return failf(name, "use the name that the certificate is for, or have the relay's certificate renewed", "the certificate is not trusted: %v", unknown.Err)
	case err != nil && greeted:
		return failf(name, "check what the relay says in its log", "%v", err)
	case err != nil:
		return failf(name, "check host, port and firewall", "cannot be reached: %v", err)
	case state == nil && !r.TLS && onMachine(r.Host):
		return okf(name, "answers; without TLS, on this machine")
	case state == nil:
		return failf(name, "use a relay that offers STARTTLS, or smtps://", "offers no TLS: names and mails would be readable on the way")
	}
	left := state.PeerCertificates[0].NotAfter.Sub(now())
	detail := fmt.Sprintf("%s, certificate for %d more days", tls.VersionName(state.Version), int(left.Hours()/24))
	switch {
	case state.Version < tls.VersionTLS12:
		return warnf(name, "let the relay speak TLS 1.2 or later", "%s", detail)
	case left < soon:
		return warnf(name, "have the certificate renewed", "%s", detail)
	}
	return okf(name, "%s", detail)
}

// connect says hello; state is nil when the relay offers no TLS.
func (r Relay) connect(ctx context.Context, conf *tls.Config) (state *tls.ConnectionState, greeted bool, err error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort(r.Host, strconv.Itoa(r.Port)))
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = conn.Close() }()
	if end, ok := ctx.Deadline(); ok {
		_ = conn.SetDeadline(end)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	if conf == nil {
		conf = &tls.Config{}
	}
	conf = conf.Clone()
	conf.ServerName, conf.MinVersion = r.Host, tls.VersionTLS10 // to be able to tell
	if r.Implicit {
		secure := tls.Client(conn, conf)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, true, err
		}
		s := secure.ConnectionState()
		conn, state = secure, &s
	}
	c, err := smtp.NewClient(conn, r.Host)
	if err != nil {
		return nil, false, err
	}
	defer func() { _ = c.Quit() }()
	if err := c.Hello("localhost"); err != nil {
		return nil, true, err
	}
	if state != nil {
		return state, true, nil
	}
	if ok, _ := c.Extension("STARTTLS"); !ok || !r.TLS {
		return nil, true, nil
	}
	if err := c.StartTLS(conf); err != nil {
		return nil, true, err
	}
	s, _ := c.TLSConnectionState()
	return &s, true, nil
}

func onMachine(host string) bool {
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
