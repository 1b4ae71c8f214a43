// Package edits keeps the state of the campaign editor: a version per draft, so that of two people who write at the
// same time neither overwrites the other unasked, and what was typed but is not yet complete enough to be a campaign.
package edits
