// Package mail renders every mail that Assent sends: a list of typed blocks becomes a 600 px HTML part with inline
// styles and the equivalent text part, in the recipient's language, with the footer that its kind of mail needs.
//
// It knows no database and no campaign: callers hand it small view structs. Service mails and notices are typed
// views ([View]) that are written with the same blocks as campaigns are, so that HTML and text have one source.
//
// The HTML follows what mail clients can do: tables, conditional comments for Outlook, a style sheet only for small
// screens and dark mode, no script, no form, and nothing loaded but the images that the mail shows.
package mail
