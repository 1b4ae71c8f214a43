// Package recipients serves the pages that the links in mails lead to: unsubscribe, confirm, why, view and the preference
// centre. None needs a login, a cookie or JavaScript; the token in the path is the only authority (compliance 52-59).
package recipients
