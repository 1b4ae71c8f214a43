// Package office serves the screens of services that stand: data requests,
// forms, imports, events and webhooks. As on all of the staff's screens every
// page works without a script, and every change is a form with the token of the
// person's pages.
package office
