// Package screen is what the staff's screens of several packages share: who may open what, what a form said, how a
// list goes on, and where a person is led after a change.
package screen
