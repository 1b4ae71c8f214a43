// Package signing keeps the DKIM keys of both streams: it makes them, tells what
// to publish, watches DNS for it, switches from an old key to a new one, and
// signs with whichever is in use.
//
// A stream signs with the key of the mail's From domain, or of a domain above
// it (aligned as DMARC sees it, RFC 7489 §3.1). Without such a key nothing is
// signed here: then the relay does, or nobody. A key that is there and cannot be
// read stops the sending; nothing ever leaves unsigned by mistake.
package signing
