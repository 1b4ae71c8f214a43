// Package brakes holds the arithmetic that stops a campaign before it harms
// the sender's name: complaint, bounce and deferral rates over what was sent,
// runs of policy refusals, and runs of soft bounces of one address.
//
// Everything here is a pure function of counts and times. Reading the counts,
// pausing the campaign and suppressing the address belong to the caller.
package brakes
