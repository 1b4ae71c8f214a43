// Package office serves the screens of mandatory mail: single notices with their evidence, broadcasts with their
// coverage, and policies with their versions.
//
// Everybody on the staff sees them. Privacy officers write; an approver who is not the author lets a broadcast go or
// refuses it; administrators may do both, though never for their own. The mail itself, which speaks of one person's
// contract or payment, is for privacy officers, administrators and those who only read (auditors): marketers and
// approvers see that it went, not what it said.
package office
