// Package pages renders what recipients see in the browser: unsubscribe, preferences, confirmation, the reason for a
// mail, sign-up forms, events, policies, data rights and errors. Each page is a templ component over a small view
// struct, so it renders in a test without a database.
//
// The pages need no script and no cookie, load nothing from elsewhere, and carry no inline style: they work under
// the policy `default-src 'self'` (ContentPolicy). Those behind a token show no full address (MaskAddress), because
// a mail may have been passed on. A page is complete in every language of package locale.
//
// The names of form fields and their values are the constants Field… and Do…
package pages
