package transport

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"
)

// conn is one kept connection.
type conn struct {
	client *smtp.Client
	raw    net.Conn
	w      io.Writer
	r      *bufio.Reader
	tls    string

	pipelining, eight, utf8, dsn bool
	size                         int64 // most octets; 0 is unknown or unlimited

	served    int  // messages answered with 250
	reused    bool // was idle before this batch
	needReset bool // a refused transaction is still open
	since     time.Time
	reaper    *time.Timer
	spare     []byte // where messages are built
	turns     [2]prepared
	turn      int
}

func secrets(user, password string) (out []string) {
	for _, s := range []string{"\x00" + user + "\x00" + password, password, user} {
		if s != "" && strings.Trim(s, "\x00") != "" {
			out = append(out, base64.StdEncoding.EncodeToString([]byte(s)))
		}
	}
	if password != "" {
		out = append(out, password)
	}
	return out
}

// dial connects by go-mail: greeting, EHLO, STARTTLS and AUTH. go-mail leaves the socket open when one of them fails, and knows no
// cancellation once connected; both are seen to here.
func (t *SMTP) dial(ctx context.Context) (*conn, error) {
	var raw net.Conn
	stop := func() bool { return true }
	config := &tls.Config{}
	if t.opts.TLS != nil {
		config = t.opts.TLS.Clone()
	}
	if config.ServerName == "" {
		config.ServerName = t.relay.Host
	}
	config.MinVersion = max(config.MinVersion, tls.VersionTLS12)
	config.DynamicRecordSizingDisabled = true // a message in one record, one write
	if Loopback(t.relay.Host) && t.relay.TLS == "opportunistic" && t.opts.TLS == nil {
		config.InsecureSkipVerify = true //nolint:gosec // this machine's own relay; the alternative would be no TLS at all
	}
	opts := []mail.Option{
		mail.WithPort(t.relay.Port), mail.WithTimeout(t.opts.Dial), mail.WithTLSConfig(config), mail.WithTLSPolicy(policy(t.relay.TLS)),
		mail.WithDialContextFunc(func(dialing context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{}).DialContext(dialing, network, address)
			if err != nil {
				return nil, err
			}
			raw = c
			stop = context.AfterFunc(ctx, func() { _ = c.SetDeadline(time.Unix(1, 0)) })
			if !t.relay.Implicit {
				return c, nil
			}
			secured := tls.Client(c, config)
			return secured, secured.HandshakeContext(dialing)
		}),
	}
	if t.relay.Implicit {
		opts = append(opts, mail.WithSSL())
	}
	if t.opts.Hello != "" {
		opts = append(opts, mail.WithHELO(t.opts.Hello))
	}
	if t.relay.User != "" {
		opts = append(opts, mail.WithUsername(t.relay.User), mail.WithPassword(t.relay.Password), mail.WithOpportunisticSMTPAuth(t.mechanisms()...))
	}
	// A client of its own for each connection: go-mail changes a client while it authenticates.
	dialer, err := mail.NewClient(t.relay.Host, opts...)
	if err != nil {
		return nil, t.failed(err)
	}
	client, err := dialer.DialToSMTPClientWithContext(ctx)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		if raw != nil {
			_ = raw.Close()
		}
		return nil, t.failed(err)
	}
	_ = raw.SetDeadline(time.Time{})
	c := &conn{client: client, raw: raw, w: raw, r: client.Text.R, since: time.Now()}
	if state, ok := client.TLSConnectionState(); ok {
		c.tls = tls.VersionName(state.Version)
		c.w = flushing{client.Text.W}
	} else if t.relay.TLS == "mandatory" || t.relay.Implicit {
		_ = raw.Close()
		return nil, t.failed(errors.New("the connection is not encrypted"))
	}
	c.pipelining, _ = client.Extension("PIPELINING")
	c.eight, _ = client.Extension("8BITMIME")
	c.utf8, _ = client.Extension("SMTPUTF8")
	c.dsn, _ = client.Extension("DSN")
	c.dsn = c.dsn && !t.opts.NoDSN
	_, size := client.Extension("SIZE")
	c.size, _ = strconv.ParseInt(size, 10, 64)
	return c, nil
}

func policy(name string) mail.TLSPolicy {
	switch name {
	case "none":
		return mail.NoTLS
	case "opportunistic":
		return mail.TLSOpportunistic
	}
	return mail.TLSMandatory
}

// mechanisms lists how to authenticate, the strongest first. Passwords go in the clear to this machine only.
func (t *SMTP) mechanisms() []mail.SMTPAuthType {
	list := []mail.SMTPAuthType{mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthCramMD5}
	if Loopback(t.relay.Host) && !t.relay.Implicit && t.relay.TLS != "mandatory" {
		return append(list, mail.SMTPAuthPlainNoEnc, mail.SMTPAuthLoginNoEnc)
	}
	return append(list, mail.SMTPAuthPlain, mail.SMTPAuthLogin)
}

type flushing struct{ *bufio.Writer }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.Flush()
	}
	return n, err
}

// quit says goodbye without waiting long for an answer.
func (c *conn) quit() {
	_ = c.raw.SetDeadline(time.Now().Add(time.Second))
	_, _ = c.w.Write([]byte("QUIT\r\n"))
	_ = c.raw.Close()
}
