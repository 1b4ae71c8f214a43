// Package probe sends one mail of each stream the way that all mails of it go, and looks at what arrives: who it is from, whether its
// signatures hold and cover what they must, the headers of lists (RFC 8058) on marketing mail and on no other, its Message-ID, and
// whether it was handed over with TLS.
//
// It goes to an address that somebody names, or to a signed address of our own, from where the server for returned mail or the mailbox
// of ASSENT_IMAP_URL brings it back; in the built-in mailbox it is read at once. The gate sees it as service mail that a colleague
// asked for, whichever relay it tries, and consents are neither needed nor touched.
package probe
