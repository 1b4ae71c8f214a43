package main

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/smtp"
	"net/textproto"
	"os"
	"strconv"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/rogpeppe/go-internal/testscript"

	"assent/preferences/porttest"
)

// letters is a mailbox at a real IMAP server.
type letters struct {
	user   *imapmemserver.User
	server *imapserver.Server
	addr   string
}

func (l *letters) listen() error {
	mem := imapmemserver.New()
	mem.AddUser(l.user)
	l.server = imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapMove: {}, imap.CapUIDPlus: {}}, InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
	})
	listener, err := net.Listen("tcp", l.addr)
	if err != nil {
		return err
	}
	go func() { _ = l.server.Serve(listener) }()
	return nil
}

type literal struct{ *bytes.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

// imap start runs an IMAP server with an empty mailbox, whose URL is $IMAP_URL, or starts a stopped one again; imap stop ends
// it; imap put FILE delivers a mail, in which variables are filled in; imap unseen N waits until N mails are unseen.
func (s *stage) imap(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: imap start|stop, imap put FILE, imap unseen N")
	}
	switch {
	case args[0] == "start":
		if s.letters == nil {
			s.letters = &letters{user: imapmemserver.NewUser("bounces", "imap hunter2"), addr: porttest.Free(s.t)}
			ts.Check(s.letters.user.Create("INBOX", nil))
		}
		ts.Check(s.letters.listen())
		server := s.letters.server
		s.t.Cleanup(func() { _ = server.Close() })
		ts.Setenv("IMAP_URL", "imap://bounces:imap%20hunter2@"+s.letters.addr+"/INBOX?tls=none&every=5s&move=Done")
	case args[0] == "stop":
		ts.Check(s.letters.server.Close())
	case args[0] == "put" && len(args) == 2:
		mail := crlf(os.Expand(ts.ReadFile(args[1]), ts.Getenv))
		_, err := s.letters.user.Append("INBOX", literal{bytes.NewReader(mail)}, &imap.AppendOptions{})
		ts.Check(err)
	case args[0] == "unseen" && len(args) == 2:
		for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
			d, err := s.letters.user.Status("INBOX", &imap.StatusOptions{NumUnseen: true})
			ts.Check(err)
			if strconv.Itoa(int(*d.NumUnseen)) == args[1] {
				return
			}
			if time.Now().After(end) {
				ts.Fatalf("%d mails are unseen, want %s", *d.NumUnseen, args[1])
			}
		}
	default:
		ts.Fatalf("imap %q is not known", args)
	}
}

func crlf(text string) []byte {
	return bytes.ReplaceAll(bytes.ReplaceAll([]byte(text), []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
}

// certificate NAME SERIAL writes a new one for 127.0.0.1 into NAME.pem and its key into NAME.key.
func certificate(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: certificate NAME SERIAL")
	}
	serial, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ts.Check(err)
	form := &x509.Certificate{SerialNumber: big.NewInt(serial), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotAfter: time.Now().Add(90 * 24 * time.Hour), IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, form, form, &key.PublicKey, key)
	ts.Check(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".pem"), pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	ts.Check(os.WriteFile(ts.MkAbs(args[0]+".key"), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

// back [-tls SERIAL] STATUS FROM TO FILE hands a mail to the inbound server at $INBOUND, as a mail server that returns something
// does, and expects a reply: 250, or the one that refuses. With -tls it does so by STARTTLS, and the certificate must have that
// serial number. FROM "" is the null sender.
func (s *stage) back(ts *testscript.TestScript, neg bool, args []string) {
	serial := ""
	if len(args) > 2 && args[0] == "-tls" {
		serial, args = args[1], args[2:]
	}
	if neg || len(args) != 4 {
		ts.Fatalf("usage: back [-tls SERIAL] STATUS FROM TO FILE")
	}
	code := 250
	var refused *textproto.Error
	if err := hand(ts, serial, args[1], args[2], crlf(os.Expand(ts.ReadFile(args[3]), ts.Getenv))); errors.As(err, &refused) {
		code = refused.Code
	} else {
		ts.Check(err)
	}
	if strconv.Itoa(code) != args[0] {
		ts.Fatalf("the inbound server answers %d, want %s: %v", code, args[0], refused)
	}
}

func hand(ts *testscript.TestScript, serial, from, to string, mail []byte) error {
	c, err := smtp.Dial(ts.Getenv("INBOUND"))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Hello("mx.example.net"); err != nil {
		return err
	}
	if serial != "" {
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true}); err != nil {
			return err
		}
		state, _ := c.TLSConnectionState()
		if got := state.PeerCertificates[0].SerialNumber.String(); got != serial {
			ts.Fatalf("the certificate has the serial number %s, want %s", got, serial)
		}
	}
	if err := c.Mail(from); err != nil {
		return err
	}
	if err := c.Rcpt(to); err != nil {
		return err
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(mail); err != nil {
		return err
	}
	return w.Close()
}
