package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// Settings are the texts of all settings as environment and flags gave them; Config is what they mean.
// A flag overrides the variable of its name, with or without the prefix "assent-". Empty means not set.
type Settings struct {
	Addr              string `group:"settings" env:"ASSENT_ADDR" aliases:"assent-addr" placeholder:"HOST:PORT" help:"Listen address (127.0.0.1:8080, or :$PORT when PORT is set)."`
	Data              string `group:"settings" env:"ASSENT_DATA" aliases:"assent-data" placeholder:"DIR" help:"Folder for the embedded database, keys, built-in mailbox and backups (./data)."`
	BaseURL           string `group:"settings" env:"BASE_URL" name:"base-url" placeholder:"URL" help:"Public address in links (http:// and the listen address)."`
	DatabaseURL       string `group:"settings" env:"DATABASE_URL" name:"database-url" placeholder:"URL" help:"sqlite:PATH or postgres://… (SQLite in the data folder)."`
	RedisURL          string `group:"settings" env:"REDIS_URL" name:"redis-url" placeholder:"URL" help:"redis://, rediss://, redis-sentinel://HOST,HOST/MASTER or redis-cluster://HOST,HOST (embedded)."`
	SMTPURL           string `group:"settings" env:"SMTP_URL" name:"smtp-url" placeholder:"URL" help:"Relay of both streams: smtp://USER:PASS@HOST:587 or smtps://…:465, with ?tls=mandatory|opportunistic|none, connections=N and rate=N/s (built-in mailbox)."`
	SMTPMarketing     string `group:"settings" env:"SMTP_URL_MARKETING" name:"smtp-url-marketing" placeholder:"URL" help:"Relay of the marketing stream (that of both)."`
	SMTPTransactional string `group:"settings" env:"SMTP_URL_TRANSACTIONAL" name:"smtp-url-transactional" placeholder:"URL" help:"Relay of the transactional stream (that of both)."`
	InboundAddr       string `group:"settings" env:"ASSENT_INBOUND_ADDR" aliases:"assent-inbound-addr" placeholder:"HOST:PORT" help:"Listen address of the SMTP server for bounces, complaints and mailto unsubscribes (off)."`
	InboundCert       string `group:"settings" env:"ASSENT_INBOUND_TLS_CERT" name:"inbound-tls-cert" aliases:"assent-inbound-tls-cert" placeholder:"FILE" help:"Certificate with its chain (PEM) for STARTTLS at that server; read again when it is renewed (no STARTTLS)."`
	InboundKey        string `group:"settings" env:"ASSENT_INBOUND_TLS_KEY" name:"inbound-tls-key" aliases:"assent-inbound-tls-key" placeholder:"FILE" help:"Key of the certificate (PEM)."`
	IMAPURL           string `group:"settings" env:"ASSENT_IMAP_URL" name:"imap-url" aliases:"assent-imap-url" placeholder:"URL" help:"Mailbox to which bounces, complaints and mailto unsubscribes come: imaps://USER:PASS@HOST/FOLDER, with ?every=1m and move=FOLDER; imap:// for STARTTLS (none)."`
	BounceDomain      string `group:"settings" env:"ASSENT_BOUNCE_DOMAIN" aliases:"assent-bounce-domain" placeholder:"DOMAIN" help:"Domain of the signed return path (host of the public address)."`
	Secrets           string `group:"settings" env:"ASSENT_SECRETS" aliases:"assent-secrets" placeholder:"KID:BASE64,…" help:"Keys that sign tokens, newest first, each 32 bytes or more (made once in the data folder)."`
	APIKey            string `group:"settings" env:"ASSENT_API_KEY" name:"api-key" aliases:"assent-api-key" placeholder:"KEY" help:"A full-scope API key that exists from the start."`
	AdminEmail        string `group:"settings" env:"ASSENT_ADMIN_EMAIL" aliases:"assent-admin-email" placeholder:"EMAIL" help:"First administrator; needs a password beside it (a set-up link is printed)."`
	AdminPassword     string `group:"settings" env:"ASSENT_ADMIN_PASSWORD" aliases:"assent-admin-password" placeholder:"PASSWORD" help:"Password of the first administrator."`
	OIDCIssuer        string `group:"settings" env:"ASSENT_OIDC_ISSUER" name:"oidc-issuer" aliases:"assent-oidc-issuer" placeholder:"URL" help:"OpenID Connect provider at which staff may sign in (none)."`
	OIDCClientID      string `group:"settings" env:"ASSENT_OIDC_CLIENT_ID" name:"oidc-client-id" aliases:"assent-oidc-client-id" placeholder:"ID" help:"Who Assent is at the provider."`
	OIDCClientSecret  string `group:"settings" env:"ASSENT_OIDC_CLIENT_SECRET" name:"oidc-client-secret" aliases:"assent-oidc-client-secret" placeholder:"SECRET" help:"Secret of Assent at the provider."`
	OIDCName          string `group:"settings" env:"ASSENT_OIDC_NAME" name:"oidc-name" aliases:"assent-oidc-name" placeholder:"NAME" help:"Name of the provider on the sign-in page (its host)."`
	PostalAddress     string `group:"settings" env:"ASSENT_POSTAL_ADDRESS" aliases:"assent-postal-address" placeholder:"TEXT" help:"Postal address of the brand \"default\"."`
	FrequencyCap      string `group:"settings" env:"ASSENT_FREQUENCY_CAP" aliases:"assent-frequency-cap" placeholder:"N/DURATION" help:"Most marketing mails to one person, such as 3/168h (off)."`
	QuietHours        string `group:"settings" env:"ASSENT_QUIET_HOURS" aliases:"assent-quiet-hours" placeholder:"HH:MM-HH:MM" help:"No marketing at these hours of the recipient's zone, such as 22:00-07:00 (off)."`
	Warmup            string `group:"settings" env:"ASSENT_WARMUP" aliases:"assent-warmup" placeholder:"N,N,…" help:"Most marketing mails on each of the first sending days, such as 50,100,500,2000 (off)."`
	DomainLimits      string `group:"settings" env:"ASSENT_DOMAIN_LIMITS" aliases:"assent-domain-limits" placeholder:"DOMAIN=RATE,…" help:"Rates per recipient domain, such as gmail.com=20/s,*=5/s (off)."`
	SoftBounces       string `group:"settings" env:"ASSENT_SOFT_BOUNCES" aliases:"assent-soft-bounces" placeholder:"N/DAYS/DURATION" help:"When soft bounces and full mailboxes end in a block: how many, on how many days, over which time (5/3/168h)."`
	ConfirmTTL        string `group:"settings" env:"ASSENT_CONFIRM_TTL" name:"confirm-ttl" aliases:"assent-confirm-ttl" placeholder:"DURATION" help:"Life of a confirmation link (168h)."`
	TrustedProxies    string `group:"settings" env:"ASSENT_TRUSTED_PROXIES" aliases:"assent-trusted-proxies" placeholder:"NETWORK,…" help:"Networks whose X-Forwarded-For is believed (none)."`
	WebhookNetworks   string `group:"settings" env:"ASSENT_WEBHOOK_NETWORKS" aliases:"assent-webhook-networks" placeholder:"NETWORK,…" help:"Networks that outgoing webhooks may reach although they are not public, such as 10.1.0.0/16 (none)."`
	Backups           string `group:"settings" env:"ASSENT_BACKUPS" aliases:"assent-backups" placeholder:"PLACE,…" help:"Where the daily backups go: folders, or s3://KEY:SECRET@HOST/BUCKET/PREFIX?region=REGION (backups in the data folder)."`
	Log               string `group:"settings" env:"ASSENT_LOG" aliases:"assent-log" placeholder:"text|json" help:"Form of the log (text on a terminal, else json)."`
	LogLevel          string `group:"settings" env:"ASSENT_LOG_LEVEL" aliases:"assent-log-level" placeholder:"LEVEL" help:"debug, info, warn or error (info)."`
	TimeOffset        string `group:"settings" env:"ASSENT_TIME_OFFSET" aliases:"assent-time-offset" placeholder:"DURATION" help:"Shifts the engine's clock, such as 744h; for tests and rehearsals (none)."`
}

// known lists every variable that Settings reads. A test holds it to the struct.
var known = []string{
	"ASSENT_ADDR", "ASSENT_DATA", "BASE_URL", "DATABASE_URL", "REDIS_URL", "SMTP_URL", "SMTP_URL_MARKETING",
	"SMTP_URL_TRANSACTIONAL", "ASSENT_INBOUND_ADDR", "ASSENT_INBOUND_TLS_CERT", "ASSENT_INBOUND_TLS_KEY", "ASSENT_IMAP_URL", "ASSENT_BOUNCE_DOMAIN", "ASSENT_SECRETS", "ASSENT_API_KEY",
	"ASSENT_ADMIN_EMAIL", "ASSENT_ADMIN_PASSWORD", "ASSENT_OIDC_ISSUER", "ASSENT_OIDC_CLIENT_ID", "ASSENT_OIDC_CLIENT_SECRET", "ASSENT_OIDC_NAME", "ASSENT_POSTAL_ADDRESS", "ASSENT_FREQUENCY_CAP",
	"ASSENT_QUIET_HOURS", "ASSENT_WARMUP", "ASSENT_DOMAIN_LIMITS", "ASSENT_SOFT_BOUNCES", "ASSENT_CONFIRM_TTL", "ASSENT_TRUSTED_PROXIES", "ASSENT_WEBHOOK_NETWORKS", "ASSENT_BACKUPS",
	"ASSENT_LOG", "ASSENT_LOG_LEVEL", "ASSENT_TIME_OFFSET",
}

// unknown gives an error that names the first variable of the environment that looks like a setting and is none.
// ASSENT_TEST_* belongs to the test suite and is passed over.
func unknown(environ []string) error {
	sorted := slices.Sorted(slices.Values(environ))
	for _, entry := range sorted {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "ASSENT_") || strings.HasPrefix(name, "ASSENT_TEST_") || slices.Contains(known, name) {
			continue
		}
		return fmt.Errorf("%s is not a setting; take it out of the environment%s", name, closest(name))
	}
	return nil
}

// closest proposes the known setting that a misspelt name was meant to be, if one is near.
func closest(name string) string {
	best, at := "", 3
	for _, k := range known {
		if d := distance(name, k); d < at {
			best, at = k, d
		}
	}
	if best == "" {
		return " (assent serve --help lists all)"
	}
	return " or write " + best
}

// distance is how many single letters must be put in, taken out or changed to make one word the other.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// load reads the settings' meaning, refusing variables that are none.
func (s *Settings) load() (*Config, error) {
	if err := unknown(os.Environ()); err != nil {
		return nil, err
	}
	return s.Config(os.Getenv("PORT"))
}
