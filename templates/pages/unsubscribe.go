package pages

// UnsubscribeView is the page behind /u/{token}. It asks; only its POST changes something.
type UnsubscribeView struct {
	Page
	Action string // where the form posts
	Email  string // shown masked
	Topic  Topic  // empty: the mail belonged to no topic, only all can be stopped
	// Stopped tells that the topic is already off, StoppedAll that everything is.
	Stopped, StoppedAll    bool
	PreferencesURL, WhyURL string
}

// UnsubscribedView tells what a POST to /u/{token} has done.
type UnsubscribedView struct {
	Page
	Email string // shown masked
	Topic Topic
	All   bool
	// InFlight counts the mails that were already inside an SMTP transaction.
	InFlight       int
	Undone         bool // this was the undo
	Undo           *Undo
	PreferencesURL string
}
