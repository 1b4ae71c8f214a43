package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/campaigns/pace"
	"assent/preferences/gate"
)

var (
	key32 = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("k", 32)))
	key33 = base64.StdEncoding.EncodeToString([]byte(strings.Repeat("l", 33)))
)

func TestDefaults(t *testing.T) {
	c, err := (&Settings{}).Config("")
	if err != nil {
		t.Fatal(err)
	}
	got := []any{c.Addr, c.Data, c.BaseURL.String(), c.DatabaseURL.Reveal(), c.RedisURL.Reveal(), c.Marketing, c.Transactional,
		c.InboundAddr, c.BounceDomain, c.FrequencyCap == gate.Cap{}, c.QuietHours == gate.Quiet{}, c.Warmup.IsZero(), c.DomainLimits.IsZero(),
		c.SoftBounces.String(), c.ConfirmTTL, len(c.TrustedProxies), c.LogFormat, c.LogLevel, c.TimeOffset}
	want := []any{"127.0.0.1:8080", "data", "http://127.0.0.1:8080", "sqlite:data/assent.db", "", (*Relay)(nil), (*Relay)(nil),
		"", "127.0.0.1", true, true, true, true,
		"5/3/168h", 168 * time.Hour, 0, "", slog.LevelInfo, time.Duration(0)}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("defaults:\ngot  %v\nwant %v", got, want)
	}
}

func TestListenAddressAndLinks(t *testing.T) {
	for _, c := range []struct{ addr, port, base, wantAddr, wantBase, wantBounce string }{
		{"", "5000", "", ":5000", "http://localhost:5000", "localhost"},
		{"127.0.0.1:9000", "5000", "", "127.0.0.1:9000", "http://127.0.0.1:9000", "127.0.0.1"},
		{"0.0.0.0:80", "", "", "0.0.0.0:80", "http://localhost:80", "localhost"},
		{"[::]:80", "", "", "[::]:80", "http://localhost:80", "localhost"},
		{"[::1]:80", "", "", "[::1]:80", "http://[::1]:80", "::1"},
		{"", "", "https://Mail.Example.com/", "127.0.0.1:8080", "https://mail.example.com", "mail.example.com"},
		{"", "", "https://bücher.example:8443", "127.0.0.1:8080", "https://xn--bcher-kva.example:8443", "xn--bcher-kva.example"},
		{"", "", "http://[2001:db8::1]", "127.0.0.1:8080", "http://[2001:db8::1]", "2001:db8::1"},
	} {
		got, err := (&Settings{Addr: c.addr, BaseURL: c.base}).Config(c.port)
		if err != nil {
			t.Errorf("%+v: %v", c, err)
			continue
		}
		if got.Addr != c.wantAddr || got.BaseURL.String() != c.wantBase || got.BounceDomain != c.wantBounce {
			t.Errorf("%+v: got %s, %s, %s", c, got.Addr, got.BaseURL, got.BounceDomain)
		}
	}
	c, err := (&Settings{Addr: "127.0.0.1:0"}).Config("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listening("127.0.0.1:43210"); c.BaseURL.String() != "http://127.0.0.1:43210" {
		t.Errorf("after the port is known, links begin with %s", c.BaseURL)
	}
	c, err = (&Settings{Addr: "127.0.0.1:0", BaseURL: "https://mail.example.com", BounceDomain: "b.example.com"}).Config("")
	if err != nil {
		t.Fatal(err)
	}
	if c.Listening("127.0.0.1:43210"); c.BaseURL.String() != "https://mail.example.com" || c.BounceDomain != "b.example.com" {
		t.Errorf("what was given changed with the port: %s, %s", c.BaseURL, c.BounceDomain)
	}
}

func TestEverySettingIsRead(t *testing.T) {
	c, err := (&Settings{
		Addr: ":1", Data: "/d", DatabaseURL: "postgres://u:p@h/n", RedisURL: "redis://h", SMTPURL: "smtp://both.example",
		SMTPMarketing: "smtps://u:pw@m.example?connections=8&rate=20/s", InboundAddr: ":2525", BounceDomain: "b.example", Secrets: "a:" + key32 + ",b:" + key33,
		APIKey: "a-short-key", OIDCIssuer: "https://login.example.com/realms/staff", OIDCClientID: "assent", OIDCClientSecret: "shh", OIDCName: "Nordlicht", AdminEmail: "a@b.example", AdminPassword: "pw", PostalAddress: " Street 1\n1234 Town ", FrequencyCap: "3/168h", QuietHours: "22:00-07:00",
		Warmup: "50,100", DomainLimits: "gmail.com=20/s", SoftBounces: "3/2/48h", ConfirmTTL: "24h", TrustedProxies: "10.1.2.3/8, 192.0.2.7,::1", WebhookNetworks: "10.9.0.0/16", Backups: "/b, s3://id:hush@s3.example.com/bucket/a/b?region=eu-west-1", Log: "json", LogLevel: "debug", TimeOffset: "-744h",
	}).Config("")
	if err != nil {
		t.Fatal(err)
	}
	if want := (&Relay{Host: "m.example", Port: 465, User: "u", Password: "pw", Implicit: true, TLS: "mandatory", Connections: 8, Rate: pace.Rate{N: 20, Per: time.Second}}); !cmp.Equal(c.Marketing, want) {
		t.Errorf("marketing relay: %+v", c.Marketing)
	}
	if want := (&Relay{Host: "both.example", Port: 587, TLS: "mandatory"}); !cmp.Equal(c.Transactional, want) {
		t.Errorf("transactional relay: %+v", c.Transactional)
	}
	got := fmt.Sprintln(c.Addr, c.Data, c.DatabaseURL.Reveal(), c.RedisURL.Reveal(), c.InboundAddr, c.BounceDomain, c.APIKey.Reveal(), c.AdminEmail, c.AdminPassword.Reveal(),
		c.PostalAddress, c.FrequencyCap, c.QuietHours, c.Warmup, c.DomainLimits, c.SoftBounces, c.ConfirmTTL, c.TrustedProxies, c.WebhookNetworks, c.Backups, c.LogFormat, c.LogLevel, c.TimeOffset)
	want := fmt.Sprintln(":1", "/d", "postgres://u:p@h/n", "redis://h", ":2525", "b.example", "a-short-key", "a@b.example", "pw",
		"Street 1\n1234 Town", "3/168h", "22:00-07:00", "50,100", "gmail.com=20/s", "3/2/48h", 24*time.Hour, "[10.0.0.0/8 192.0.2.7/32 ::1/128]", "[10.9.0.0/16]", "[/b s3://s3.example.com/bucket/a/b]", "json", "DEBUG", -744*time.Hour)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if want := (&Provider{Issuer: "https://login.example.com/realms/staff", ClientID: "assent", ClientSecret: "shh", Name: "Nordlicht"}); !cmp.Equal(c.OIDC, want) {
		t.Errorf("identity provider: %+v", c.OIDC)
	}
	if c.Secrets.Reveal() != "a:"+key32+",b:"+key33 {
		t.Error("the secrets changed on the way")
	}
	if d := time.Until(c.Now()); d > -743*time.Hour || d < -745*time.Hour {
		t.Errorf("the shifted clock is off by %v", d)
	}
	if now := c.Now(); now.Location() != time.UTC || now.Nanosecond()%1000 != 0 {
		t.Errorf("the clock gives %v; want UTC and microseconds", now)
	}
}

func TestMalformedSettingIsNamed(t *testing.T) {
	fields := map[string]string{} // variable → field
	typ := reflect.TypeFor[Settings]()
	for i := range typ.NumField() {
		fields[typ.Field(i).Tag.Get("env")] = typ.Field(i).Name
	}
	for _, c := range []struct{ name, value string }{
		{"ASSENT_ADDR", "8080"}, {"ASSENT_ADDR", "localhost"}, {"ASSENT_ADDR", "h:99999"}, {"ASSENT_ADDR", "h:http"}, {"ASSENT_ADDR", "h:"},
		{"BASE_URL", "example.com"}, {"BASE_URL", "ftp://example.com"}, {"BASE_URL", "https://"}, {"BASE_URL", "https://e.com/sub"},
		{"BASE_URL", "https://e.com?x=1"}, {"BASE_URL", "https://hunter2@e.com"}, {"BASE_URL", "https://e.com:80:80"}, {"BASE_URL", "https://a_b c.com"},
		{"DATABASE_URL", "mysql://u:hunter2@h/n"}, {"DATABASE_URL", "sqlite:"}, {"DATABASE_URL", "assent.db"}, {"DATABASE_URL", "postgres://u:hunter2%zz@h/n"},
		{"REDIS_URL", "http://u:hunter2@h"}, {"REDIS_URL", "redis://u:hunter2@h:port"}, {"REDIS_URL", "redis-sentinel://h1,h2"}, {"REDIS_URL", "redis://h1,h2"},
		{"SMTP_URL", "mail.example.com:587"}, {"SMTP_URL", "smtp://u:hunter2%zz@h"}, {"SMTP_URL", "smtp://u@h"}, {"SMTP_URL", "smtp://:hunter2@h"},
		{"SMTP_URL", "smtp://h?tls=maybe"}, {"SMTP_URL", "smtp://h?connections=0"}, {"SMTP_URL", "smtp://h?rate=fast"}, {"SMTP_URL", "smtp://h?retries=3"},
		{"SMTP_URL", "smtp://h?tls=none&tls=none"}, {"SMTP_URL", "smtps://h?tls=none"}, {"SMTP_URL", "smtp://u:hunter2@h?tls=none"}, {"SMTP_URL", "smtp://h:0"}, {"SMTP_URL", "smtp://h/path"},
		{"SMTP_URL_MARKETING", "x"}, {"SMTP_URL_TRANSACTIONAL", "x"}, {"ASSENT_INBOUND_ADDR", "25"}, {"ASSENT_IMAP_URL", "imaps://u:hunter2@h?every=1s"}, {"ASSENT_IMAP_URL", "imap://u:hunter2@h?tls=none"}, {"ASSENT_IMAP_URL", "imaps://u:hunter2%zz@h"}, {"ASSENT_BOUNCE_DOMAIN", "a b"}, {"ASSENT_BOUNCE_DOMAIN", "x..example"}, {"ASSENT_BOUNCE_DOMAIN", ".example"}, {"ASSENT_BOUNCE_DOMAIN", "a@b.c"},
		{"ASSENT_SECRETS", key32}, {"ASSENT_SECRETS", "a:hunter2hunter2=="}, {"ASSENT_SECRETS", "a:!"}, {"ASSENT_SECRETS", "a:" + key32 + ",a:" + key32}, {"ASSENT_SECRETS", "a b:" + key32}, {"ASSENT_SECRETS", "a:" + key32 + ","},
		{"ASSENT_OIDC_ISSUER", "login.example.com"}, {"ASSENT_OIDC_ISSUER", "http://login.example.com"}, {"ASSENT_OIDC_ISSUER", "https://u:hunter2@login.example.com"}, {"ASSENT_OIDC_ISSUER", "https://login.example.com"}, {"ASSENT_OIDC_CLIENT_SECRET", "hunter2"},
		{"ASSENT_API_KEY", "hunter2"}, {"ASSENT_API_KEY", "two words"}, {"ASSENT_API_KEY", "schlüssel"}, {"ASSENT_ADMIN_EMAIL", "nobody"}, {"ASSENT_ADMIN_EMAIL", "A <a@b.example>"}, {"ASSENT_ADMIN_PASSWORD", "hunter2"},
		{"ASSENT_POSTAL_ADDRESS", "a\x00b"}, {"ASSENT_POSTAL_ADDRESS", strings.Repeat("x", 1001)},
		{"ASSENT_FREQUENCY_CAP", "3"}, {"ASSENT_QUIET_HOURS", "22-7"}, {"ASSENT_WARMUP", "fast"}, {"ASSENT_SOFT_BOUNCES", "5"}, {"ASSENT_SOFT_BOUNCES", "1/1/168h"}, {"ASSENT_SOFT_BOUNCES", "5/3/1h"}, {"ASSENT_DOMAIN_LIMITS", "gmail.com"},
		{"ASSENT_CONFIRM_TTL", "7 days"}, {"ASSENT_CONFIRM_TTL", "0s"}, {"ASSENT_CONFIRM_TTL", "-1h"}, {"ASSENT_TRUSTED_PROXIES", "10.0.0.0/8,proxy"}, {"ASSENT_TRUSTED_PROXIES", "10.0.0.0/33"},
		{"ASSENT_LOG", "xml"}, {"ASSENT_LOG_LEVEL", "loud"}, {"ASSENT_TIME_OFFSET", "a month"},
	} {
		s := &Settings{}
		reflect.ValueOf(s).Elem().FieldByName(fields[c.name]).SetString(c.value)
		got, err := s.Config("")
		if err == nil {
			t.Errorf("%s=%q is taken: %+v", c.name, c.value, got)
			continue
		}
		want := c.name
		if c.name == "ASSENT_ADMIN_PASSWORD" { // names the one that is missing
			want = "ASSENT_ADMIN_EMAIL"
		}
		if c.name == "ASSENT_OIDC_ISSUER" && c.value == "https://login.example.com" {
			want = "ASSENT_OIDC_CLIENT_ID"
		}
		if c.name == "ASSENT_OIDC_CLIENT_SECRET" {
			want = "ASSENT_OIDC_ISSUER"
		}
		text := err.Error()
		if !strings.HasPrefix(text, want+" ") || strings.Contains(text, "\n") {
			t.Errorf("%s=%q: %q does not begin with the variable's name, or is not one line", c.name, c.value, text)
		}
		if strings.Contains(text, "hunter2") || strings.Contains(text, key32) {
			t.Errorf("%s: the error tells the secret: %s", c.name, text)
		}
	}
	if _, err := (&Settings{}).Config("http"); err == nil || !strings.HasPrefix(err.Error(), "PORT ") {
		t.Errorf("PORT=http: %v", err)
	}
	if _, err := (&Settings{AdminEmail: "a@b.example"}).Config(""); err == nil || !strings.HasPrefix(err.Error(), "ASSENT_ADMIN_PASSWORD ") {
		t.Errorf("an administrator without a password: %v", err)
	}
}

func TestRelayURL(t *testing.T) {
	for text, want := range map[string]Relay{
		"smtp://mail.example.com":                  {Host: "mail.example.com", Port: 587, TLS: "mandatory"},
		"smtp://mail.example.com:25/":              {Host: "mail.example.com", Port: 25, TLS: "mandatory"},
		"smtps://mail.example.com":                 {Host: "mail.example.com", Port: 465, TLS: "mandatory", Implicit: true},
		"smtp://127.0.0.1:1025":                    {Host: "127.0.0.1", Port: 1025, TLS: "opportunistic"},
		"smtp://[::1]:1025?tls=none":               {Host: "::1", Port: 1025, TLS: "none"},
		"smtp://localhost:1025?tls=mandatory":      {Host: "localhost", Port: 1025, TLS: "mandatory"},
		"smtp://10.0.0.5?tls=none":                 {Host: "10.0.0.5", Port: 587, TLS: "none"},
		"smtp://u%40e.com:p%3A%2F%40w@h.example":   {Host: "h.example", Port: 587, TLS: "mandatory", User: "u@e.com", Password: "p:/@w"},
		"smtp://h.example?rate=5000/h":             {Host: "h.example", Port: 587, TLS: "mandatory", Rate: pace.Rate{N: 5000, Per: time.Hour}},
		"smtp://bücher.example?tls=opportunistic":  {Host: "xn--bcher-kva.example", Port: 587, TLS: "opportunistic"},
		"smtp://u:p@localhost?tls=none":            {Host: "localhost", Port: 587, TLS: "none", User: "u", Password: "p"},
		"smtps://u:p@h.example:2465?connections=4": {Host: "h.example", Port: 2465, TLS: "mandatory", Implicit: true, User: "u", Password: "p", Connections: 4},
	} {
		got, err := parseRelay(text)
		if err != nil || *got != want {
			t.Errorf("%s: got %+v, %v; want %+v", text, got, err, want)
		}
	}
}

func TestSecretsAreNeverPrinted(t *testing.T) {
	c, err := (&Settings{DatabaseURL: "postgres://u:hunter2@h/n", RedisURL: "redis://:hunter2@h", SMTPURL: "smtp://u:hunter2@h.example",
		Secrets: "a:" + key32, APIKey: "hunter2hunter2", AdminEmail: "a@b.example", AdminPassword: "hunter2", OIDCIssuer: "https://l.example", OIDCClientID: "a", OIDCClientSecret: "hunter2"}).Config("")
	if err != nil {
		t.Fatal(err)
	}
	var log strings.Builder
	slog.New(slog.NewJSONHandler(&log, nil)).Info("config", "config", c, "key", c.APIKey, "relay", c.Marketing)
	slog.New(slog.NewTextHandler(&log, nil)).Info("config", "config", c, "key", c.APIKey, "relay", *c.Marketing)
	asJSON, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	c.IMAPURL = "imaps://u:hunter2@h"
	all := fmt.Sprintf("%v %+v %#v %s %s %+v %#v", *c, *c, *c, log.String(), asJSON, *c.Marketing, *c.Marketing)
	if strings.Contains(all, "hunter2") || strings.Contains(all, key32) {
		t.Errorf("a secret is told: %s", all)
	}
	if !strings.Contains(all, "[secret]") {
		t.Error("nothing says that a secret is set")
	}
}

func TestUnknownVariableIsNamed(t *testing.T) {
	for name, want := range map[string]string{
		"ASSENT_ADRR":           "write ASSENT_ADDR",
		"ASSENT_FREQENCY_CAP":   "write ASSENT_FREQUENCY_CAP",
		"ASSENT_SOMETHING_ELSE": "assent serve --help",
	} {
		err := unknown([]string{"PATH=/bin", name + "=hunter2"})
		if err == nil || !strings.HasPrefix(err.Error(), name+" ") || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := unknown([]string{"PATH=/bin", "ASSENT_TEST_POSTGRES=x", "ASSENTED=1", "SMTP_HOST=x", "ASSENT_ADDR=:1"}); err != nil {
		t.Errorf("refused what is not ours or is known: %v", err)
	}
}

// The table of contract.md, the struct and the list of known names must not drift apart; a flag has its variable's name.
func TestSettingsAreOneList(t *testing.T) {
	var fromStruct []string
	typ := reflect.TypeFor[Settings]()
	for i := range typ.NumField() {
		tag := typ.Field(i).Tag
		env := tag.Get("env")
		fromStruct = append(fromStruct, env)
		full := strings.ToLower(strings.ReplaceAll(env, "_", "-"))
		names := []string{tag.Get("name"), tag.Get("aliases")}
		if names[0] == "" {
			names[0] = kebab(typ.Field(i).Name)
		}
		if !slices.Contains(names, full) || !slices.Contains(names, strings.TrimPrefix(full, "assent-")) {
			t.Errorf("%s has the flags %q; want --%s and the same without assent-", env, names, full)
		}
	}
	if !slices.Equal(fromStruct, known) {
		t.Errorf("struct: %q\nknown:  %q", fromStruct, known)
	}
}

// kebab writes a field's name as kong does: InboundAddr becomes inbound-addr.
func kebab(field string) string {
	var b strings.Builder
	for i, r := range field {
		if i > 0 && r >= 'A' && r <= 'Z' && field[i-1] >= 'a' && field[i-1] <= 'z' {
			b.WriteByte('-')
		}
		b.WriteRune(r)
	}
	return strings.ToLower(b.String())
}

// clean takes every setting out of this test's environment.
func clean(t *testing.T) {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if slices.Contains(known, name) || name == "PORT" || strings.HasPrefix(name, "ASSENT_") {
			t.Setenv(name, "")
			os.Unsetenv(name)
		}
	}
}
