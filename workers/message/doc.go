// Package message writes mails as bytes (RFC 5322, MIME by RFC 2045-2049). Every header of every class is set in headers.go and nowhere
// else: who it is from, the list headers of marketing and research (RFC 2369, 2919, 8058), and that notices and service mail have none.
//
// [Build] makes one mail with go-mail. [Compile] has go-mail build a campaign's mail once, with places left for what differs, and encodes
// what is the same for everybody; [Compiled.Append] then writes the mail of one person in microseconds. Both give the same mail: the same
// headers in the same order, the same decoded bodies.
//
// [Signer] adds DKIM signatures (RFC 6376) where the relay adds none, at a price: RSA costs a hundred times what all else here does.
package message
