// Package rights is the data rights desk: what people ask about their data (GDPR 15-21, 77), from the preference centre, the
// public page, the API and staff, until it is answered.
//
// Who asks is known by a link that was mailed to the address, or because staff saw to it. Each request has a day by which it
// is answered, one month after it came in (GDPR 12(3)); a clock tells when that day comes near and when it is past. Every step is in
// the audit log. A request outlives the erasure of its person without saying who that was.
package rights
