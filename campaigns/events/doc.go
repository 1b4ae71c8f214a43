// Package events keeps events that people register for: places and a waiting list, reminders, changes and a word afterwards,
// and what may be passed on to sponsors and organisers.
//
// Registering asks for service mail about the event and for nothing else. Whether a partner may have a registrant's details
// is a choice of its own for each partner, never assumed, proven in the ledger, and taken back by the link in every mail;
// the partner is then told.
package events
