// Package forms is how people sign up by themselves: newsletter, download, contact, demo and survey forms at
// /subscribe/{form}, and the same in a frame or as plain HTML on another site.
//
// What it promises (GDPR art. 4(11), 7; BGH I ZR 164/09): a box that is not ticked is no consent, each consent is apart
// from the request and kept with the very words that were shown, nobody can tell from the answer whether an address is
// known, and a stranger's address cannot be buried under mail.
//
// A request only stores what was sent and answers after a fixed time. The work is done beside it, by the same process at
// once or, if that dies, by another.
package forms
