// Package webhook reads what mail providers report about bounces, complaints
// and unsubscribes: Postmark, Amazon SES over SNS, SendGrid and Mailgun. Each
// checks its provider's signature or secret before it reads a byte of meaning,
// and refuses calls outside a window of time.
//
// A call may come twice, from the provider or from somebody who recorded it.
// It then yields the same events with the same ProviderEventID, which a Sink
// applies once. Nothing here keeps a list of calls: one that was taken in but
// not stored has to be accepted when it comes again.
package webhook
