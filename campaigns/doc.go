// Package campaigns is what is sent to many: campaigns, their audience, one delivery to each person, and the report.
//
// The heart is [Service.Claim]: in one transaction it takes the next people of the audience, asks the gate about each, and
// writes what becomes of them. Only what it claims may be sent, at most once.
package campaigns
