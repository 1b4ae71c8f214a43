package passkeys_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"net/url"
	"testing"
	"time"

	"github.com/go-webauthn/webauthn/protocol/webauthncbor"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/passkeys"
	"assent/preferences/staff/secret"
)

const password = "correct horse battery"

var (
	ctx  = context.Background()
	home = accounts.From{IP: "192.0.2.1"}
)

// device is an authenticator in software.
type device struct {
	key      *ecdsa.PrivateKey
	id       []byte
	handle   string
	count    uint32
	origin   string
	verified bool // says that it verified the person
}

func newDevice(t *testing.T) *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	id := make([]byte, 32)
	rand.Read(id)
	return &device{key: key, id: id, origin: "https://assent.example", verified: true}
}

func encoded(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func (d *device) clientData(t *testing.T, kind string, options json.RawMessage) []byte {
	var o struct {
		PublicKey struct {
			Challenge string
			User      struct{ ID string }
		}
	}
	if err := json.Unmarshal(options, &o); err != nil || o.PublicKey.Challenge == "" {
		t.Fatalf("%s: %v", options, err)
	}
	if o.PublicKey.User.ID != "" {
		d.handle = o.PublicKey.User.ID
	}
	b, _ := json.Marshal(map[string]any{"type": kind, "challenge": o.PublicKey.Challenge, "origin": d.origin, "crossOrigin": false})
	return b
}

func (d *device) data(attested []byte) []byte {
	party := sha256.Sum256([]byte("assent.example"))
	flags := byte(0x01)
	if d.verified {
		flags |= 0x04
	}
	if attested != nil {
		flags |= 0x40
	}
	d.count++
	return append(binary.BigEndian.AppendUint32(append(party[:], flags), d.count), attested...)
}

func (d *device) create(t *testing.T, options json.RawMessage) []byte {
	t.Helper()
	public, _ := d.key.PublicKey.Bytes()
	cose, err := webauthncbor.Marshal(map[int64]any{1: 2, 3: -7, -1: 1, -2: public[1:33], -3: public[33:]})
	if err != nil {
		t.Fatal(err)
	}
	attested := append(binary.BigEndian.AppendUint16(make([]byte, 16), uint16(len(d.id))), append(d.id, cose...)...)
	client := d.clientData(t, "webauthn.create", options)
	object, err := webauthncbor.Marshal(map[string]any{"fmt": "none", "attStmt": map[string]any{}, "authData": d.data(attested)})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(map[string]any{"id": encoded(d.id), "rawId": encoded(d.id), "type": "public-key",
		"response": map[string]any{"attestationObject": encoded(object), "clientDataJSON": encoded(client)}})
	return b
}

func (d *device) get(t *testing.T, options json.RawMessage) []byte {
	t.Helper()
	client, data := d.clientData(t, "webauthn.get", options), d.data(nil)
	hash := sha256.Sum256(client)
	digest := sha256.Sum256(append(append([]byte(nil), data...), hash[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	b, _ := json.Marshal(map[string]any{"id": encoded(d.id), "rawId": encoded(d.id), "type": "public-key",
		"response": map[string]any{"authenticatorData": encoded(data), "clientDataJSON": encoded(client), "signature": encoded(signature), "userHandle": d.handle}})
	return b
}

type fixture struct {
	*passkeys.Service
	people *accounts.Store
	ada    accounts.User
}

func exercise(t *testing.T, test func(t *testing.T, f fixture)) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		people := accounts.New(db, func() time.Time { return time.Now().UTC() })
		people.Costs = secret.Params{MemoryKiB: 64, Passes: 1, Threads: 1}
		service, err := passkeys.New(people, &url.URL{Scheme: "https", Host: "assent.example"})
		if err != nil {
			t.Fatal(err)
		}
		ada, err := people.Add(ctx, audit.System("test"), accounts.NewUser{Email: "ada@example.org", Password: password, Roles: []access.Role{access.Administrator}})
		if err != nil {
			t.Fatal(err)
		}
		test(t, fixture{service, people, ada})
	})
}

func (f fixture) add(t *testing.T, d *device) {
	t.Helper()
	options, step, err := f.BeginAdd(ctx, f.ada, password, home)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.FinishAdd(ctx, f.ada, step, "laptop", d.create(t, options), home); err != nil {
		t.Fatal(err)
	}
}

func (f fixture) in(t *testing.T, d *device) (accounts.SignedIn, error) {
	t.Helper()
	options, step, err := f.BeginSignIn(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return f.FinishSignIn(ctx, step, d.get(t, options), home)
}

func TestPasskeySignsInUntilRemoved(t *testing.T) {
	exercise(t, func(t *testing.T, f fixture) {
		d := newDevice(t)
		f.add(t, d)
		for range 2 {
			in, err := f.in(t, d)
			if err != nil || in.User.ID != f.ada.ID || in.Session.Factors != "passkey" {
				t.Fatalf("%+v, %v", in, err)
			}
			if _, _, err := f.people.Resume(ctx, in.Token); err != nil {
				t.Error(err)
			}
		}
		list, err := f.List(ctx, f.ada.ID)
		if err != nil || len(list) != 1 || list[0].Name != "laptop" || list[0].UsedAt.IsZero() {
			t.Fatalf("%+v, %v", list, err)
		}
		bob := f.ada
		bob.ID = sqldb.NewID()
		if p, ok := problem.As(f.Remove(ctx, bob, list[0].ID, home)); !ok || p.Status != 404 {
			t.Errorf("somebody else removed it: %v", p)
		}
		if err := f.Remove(ctx, f.ada, list[0].ID, home); err != nil {
			t.Fatal(err)
		}
		if _, err := f.in(t, d); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("a removed passkey: %v", err)
		}
	})
}

func TestPasskeyOfAnotherSiteDeviceOrUnverifiedIsRefused(t *testing.T) {
	exercise(t, func(t *testing.T, f fixture) {
		d := newDevice(t)
		f.add(t, d)
		for name, change := range map[string]func(d *device){
			"another site":           func(d *device) { d.origin = "https://assent.example.evil" },
			"not verified":           func(d *device) { d.verified = false },
			"another key":            func(d *device) { d.key = newDevice(t).key },
			"unknown credential":     func(d *device) { d.id = newDevice(t).id },
			"nobody":                 func(d *device) { d.handle = encoded([]byte(sqldb.NewID())) },
			"not an id":              func(d *device) { d.handle = encoded([]byte("' OR 1=1")) },
			"counter that went back": func(d *device) { d.count = 0 },
		} {
			other := *d
			change(&other)
			if in, err := f.in(t, &other); !errors.Is(err, accounts.ErrRefused) || in.Token != "" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := f.in(t, d); err != nil {
			t.Errorf("the real one: %v", err)
		}
		if err := f.people.Disable(ctx, audit.System("test"), f.ada.ID); err == nil {
			t.Fatal("the only administrator was disabled")
		}
	})
}

func TestStepWorksOnceForItsPurposeAndPerson(t *testing.T) {
	exercise(t, func(t *testing.T, f fixture) {
		d := newDevice(t)
		if _, _, err := f.BeginAdd(ctx, f.ada, "wrong", home); err == nil {
			t.Error("a wrong password may add a passkey")
		}
		options, step, err := f.BeginAdd(ctx, f.ada, password, home)
		if err != nil {
			t.Fatal(err)
		}
		answer := d.create(t, options)
		if _, err := f.FinishSignIn(ctx, step, answer, home); !errors.Is(err, accounts.ErrExpired) {
			t.Errorf("a step of another purpose: %v", err)
		}
		if err := f.FinishAdd(ctx, f.ada, step, "", answer, home); err != nil {
			t.Fatal(err)
		}
		if err := f.FinishAdd(ctx, f.ada, step, "", answer, home); !errors.Is(err, accounts.ErrExpired) {
			t.Errorf("a second time: %v", err)
		}
		_, step, _ = f.BeginAdd(ctx, f.ada, password, home)
		eve := f.ada
		eve.ID = sqldb.NewID()
		if err := f.FinishAdd(ctx, eve, step, "", answer, home); !errors.Is(err, accounts.ErrExpired) {
			t.Errorf("somebody else's step: %v", err)
		}
		_, step, _ = f.BeginAdd(ctx, f.ada, password, home)
		if err := f.FinishAdd(ctx, f.ada, step, "", answer, home); err == nil {
			t.Error("the answer to another challenge was taken")
		}
		options, step, _ = f.BeginSignIn(ctx)
		replay := d.get(t, options)
		if _, err := f.FinishSignIn(ctx, step, replay, home); err != nil {
			t.Fatal(err)
		}
		_, fresh, _ := f.BeginSignIn(ctx)
		if _, err := f.FinishSignIn(ctx, fresh, replay, home); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("a replayed answer: %v", err)
		}
		if _, err := f.FinishSignIn(ctx, fresh, []byte("{"), home); !errors.Is(err, accounts.ErrExpired) {
			t.Errorf("a used step: %v", err)
		}
		_, fresh, _ = f.BeginSignIn(ctx)
		if _, err := f.FinishSignIn(ctx, fresh, []byte("{"), home); !errors.Is(err, accounts.ErrRefused) {
			t.Errorf("nonsense: %v", err)
		}
	})
}

func TestPasskeysNeedAHostNameAndHTTPS(t *testing.T) {
	for base, ok := range map[string]bool{
		"https://assent.example": true, "https://assent.example:8443": true, "http://localhost:8080": true,
		"http://assent.example": false, "http://127.0.0.1:8080": false, "https://192.0.2.1": false, "https://[::1]": false,
	} {
		u, _ := url.Parse(base)
		if _, err := passkeys.New(&accounts.Store{Issuer: "Assent"}, u); (err == nil) != ok {
			t.Errorf("%s: %v", base, err)
		}
	}
}
