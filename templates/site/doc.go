// Package site renders the staff's pages: set-up, sign-in, home and everything that marketers, approvers, privacy
// officers and administrators work with. Each page is a templ component over a small view struct, so handlers stay
// thin and a page renders in a test without a database.
//
// Every page works without a script, under the policy ContentPolicy, and every form carries the token against
// forged requests in the field ui.CSRFField. English and Dutch are whole.
package site
