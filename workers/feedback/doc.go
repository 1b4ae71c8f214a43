// Package feedback draws the conclusions from what comes back about our mails: it is where bounces, complaints and
// unsubscribes, read by package inbound, change something.
package feedback
