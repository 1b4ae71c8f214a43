package main

import (
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"time"

	"assent/campaigns/pace"
	"assent/preferences/gate"
	"assent/workers/backup"
	"assent/workers/brakes"
)

// Config is every setting, parsed and checked. It is made once at the start and passed down; nothing reads the
// environment after it.
type Config struct {
	Addr    string   // host:port to listen on
	Data    string   // folder for everything that is kept in files
	BaseURL *url.URL // scheme and host of links, no path

	DatabaseURL Secret // sqlite:PATH or postgres://…
	RedisURL    Secret // empty: embedded

	Marketing     *Relay // nil: built-in mailbox
	Transactional *Relay // nil: built-in mailbox

	InboundAddr  string // empty: off
	InboundCert  string // PEM files; empty: no STARTTLS
	InboundKey   string
	IMAPURL      Secret // empty: none
	BounceDomain string // A-label

	Secrets       Secret // empty: kept in Data/secrets
	APIKey        Secret
	AdminEmail    string
	AdminPassword Secret
	OIDC          *Provider // nil: none
	PostalAddress string

	FrequencyCap gate.Cap
	QuietHours   gate.Quiet
	Warmup       pace.Warmup
	SoftBounces  brakes.SoftRule
	DomainLimits pace.Domains

	ConfirmTTL     time.Duration
	TrustedProxies []netip.Prefix

	Backups         []backup.Place // where the daily ones go
	WebhookNetworks []netip.Prefix // that outgoing webhooks may reach although they are not public

	LogFormat  string // text, json, or empty: text on a terminal
	LogLevel   slog.Level
	TimeOffset time.Duration

	baseURLGiven, bounceDomainGiven bool
}

// Provider is where staff may sign in beside the password (OpenID Connect).
type Provider struct {
	Issuer, ClientID, Name string
	ClientSecret           Secret
}

// Secret is a text that must not be seen in logs or errors: it prints as [secret].
type Secret string

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "[secret]"
}

// GoString keeps the text out of %#v.
func (s Secret) GoString() string { return s.String() }

// LogValue keeps the text out of logs.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText keeps the text out of JSON.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Reveal is the text itself.
func (s Secret) Reveal() string { return string(s) }

// Config parses and checks the settings. Its errors are one line that begins with the setting's variable and never
// holds a secret.
func (s *Settings) Config(port string) (*Config, error) {
	c := &Config{}
	p := &parser{}

	c.Addr = p.addr("ASSENT_ADDR", s.Addr)
	if c.Addr == "" && port != "" {
		c.Addr = p.addr("PORT", ":"+port)
	}
	if c.Addr == "" {
		c.Addr = "127.0.0.1:8080"
	}
	c.Data = s.Data
	if c.Data == "" {
		c.Data = "data"
	}
	c.DatabaseURL = Secret(p.databaseURL("DATABASE_URL", s.DatabaseURL))
	if c.DatabaseURL == "" {
		c.DatabaseURL = Secret("sqlite:" + filepath.Join(c.Data, "assent.db"))
	}
	c.RedisURL = Secret(p.redisURL("REDIS_URL", s.RedisURL))

	both := p.relay("SMTP_URL", s.SMTPURL)
	if c.Marketing = p.relay("SMTP_URL_MARKETING", s.SMTPMarketing); c.Marketing == nil {
		c.Marketing = both
	}
	if c.Transactional = p.relay("SMTP_URL_TRANSACTIONAL", s.SMTPTransactional); c.Transactional == nil {
		c.Transactional = both
	}

	c.InboundAddr = p.addr("ASSENT_INBOUND_ADDR", s.InboundAddr)
	c.InboundCert, c.InboundKey = s.InboundCert, s.InboundKey
	switch {
	case c.InboundCert != "" && c.InboundKey == "":
		p.fail("ASSENT_INBOUND_TLS_KEY", "is missing beside ASSENT_INBOUND_TLS_CERT; set both or neither")
	case c.InboundCert == "" && c.InboundKey != "":
		p.fail("ASSENT_INBOUND_TLS_CERT", "is missing beside ASSENT_INBOUND_TLS_KEY; set both or neither")
	case c.InboundCert != "" && c.InboundAddr == "":
		p.fail("ASSENT_INBOUND_ADDR", "is missing beside ASSENT_INBOUND_TLS_CERT: there is no server to use the certificate")
	}
	c.IMAPURL = Secret(p.imapURL("ASSENT_IMAP_URL", s.IMAPURL))
	c.BaseURL, c.baseURLGiven = p.baseURL("BASE_URL", s.BaseURL), s.BaseURL != ""
	c.BounceDomain, c.bounceDomainGiven = p.domain("ASSENT_BOUNCE_DOMAIN", s.BounceDomain), s.BounceDomain != ""
	if p.err == nil {
		c.Listening(c.Addr)
	}

	c.Secrets = Secret(p.secrets("ASSENT_SECRETS", s.Secrets))
	c.APIKey = Secret(p.apiKey("ASSENT_API_KEY", s.APIKey))
	c.AdminEmail = p.email("ASSENT_ADMIN_EMAIL", s.AdminEmail)
	c.AdminPassword = Secret(s.AdminPassword)
	switch {
	case c.AdminEmail != "" && c.AdminPassword == "":
		p.fail("ASSENT_ADMIN_PASSWORD", "is missing beside ASSENT_ADMIN_EMAIL; set both or neither")
	case c.AdminEmail == "" && c.AdminPassword != "":
		p.fail("ASSENT_ADMIN_EMAIL", "is missing beside ASSENT_ADMIN_PASSWORD; set both or neither")
	}
	c.OIDC = p.provider(s)
	c.PostalAddress = p.text("ASSENT_POSTAL_ADDRESS", s.PostalAddress)

	c.FrequencyCap = value(p, "ASSENT_FREQUENCY_CAP", s.FrequencyCap, gate.ParseCap)
	c.QuietHours = value(p, "ASSENT_QUIET_HOURS", s.QuietHours, gate.ParseQuiet)
	c.Warmup = value(p, "ASSENT_WARMUP", s.Warmup, pace.ParseWarmup)
	c.DomainLimits = value(p, "ASSENT_DOMAIN_LIMITS", s.DomainLimits, pace.ParseDomains)

	c.SoftBounces = brakes.DefaultSoftRule()
	if s.SoftBounces != "" {
		c.SoftBounces = value(p, "ASSENT_SOFT_BOUNCES", s.SoftBounces, brakes.ParseSoftRule)
	}

	c.ConfirmTTL = value(p, "ASSENT_CONFIRM_TTL", s.ConfirmTTL, time.ParseDuration)
	switch {
	case s.ConfirmTTL == "":
		c.ConfirmTTL = 168 * time.Hour
	case c.ConfirmTTL < time.Second:
		p.fail("ASSENT_CONFIRM_TTL", "is too short; want a duration such as 168h")
	}
	c.TrustedProxies = p.networks("ASSENT_TRUSTED_PROXIES", s.TrustedProxies)
	c.WebhookNetworks = p.networks("ASSENT_WEBHOOK_NETWORKS", s.WebhookNetworks)
	c.Backups = p.places("ASSENT_BACKUPS", s.Backups, filepath.Join(c.Data, "backups"))

	c.LogFormat = p.oneOf("ASSENT_LOG", s.Log, "text", "json")
	c.LogLevel = p.level("ASSENT_LOG_LEVEL", s.LogLevel)
	c.TimeOffset = value(p, "ASSENT_TIME_OFFSET", s.TimeOffset, time.ParseDuration)
	if p.err != nil {
		return nil, p.err
	}
	return c, nil
}

// Listening tells on which address the engine really listens (port 0 becomes known then), for those of BASE_URL and
// ASSENT_BOUNCE_DOMAIN that were not given.
func (c *Config) Listening(addr string) {
	c.Addr = addr
	if !c.baseURLGiven {
		host, port, _ := net.SplitHostPort(addr)
		if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
			host = "localhost"
		}
		c.BaseURL = &url.URL{Scheme: "http", Host: net.JoinHostPort(host, port)}
	}
	if !c.bounceDomainGiven {
		c.BounceDomain = c.BaseURL.Hostname()
	}
}

// Now is the engine's clock: UTC, in microseconds, shifted by ASSENT_TIME_OFFSET.
func (c *Config) Now() time.Time {
	return time.Now().Add(c.TimeOffset).UTC().Truncate(time.Microsecond)
}

// settingError names the variable that is wrong.
type settingError struct{ name, what string }

func (e *settingError) Error() string { return fmt.Sprintf("%s %s", e.name, e.what) }
