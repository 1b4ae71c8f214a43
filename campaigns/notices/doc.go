// Package notices is mandatory mail: one message to one person about a contract, a payment, an account, a policy. It goes
// out whatever the person chose about marketing, so it must not carry any (compliance 71, 72).
package notices
