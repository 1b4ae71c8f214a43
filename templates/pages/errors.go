package pages

// Trouble is what went wrong, as far as a person needs to know.
type Trouble string

// What a page can say went wrong.
const (
	TroubleNotFound Trouble = "not_found" // 404
	TroubleLink     Trouble = "link"      // 4xx: a token that is not ours, or was cut off on its way
	TroubleExpired  Trouble = "expired"   // 410: a confirmation link whose time is over
	TroubleMethod   Trouble = "method"    // 405, 400: the page was not asked in a way that it answers
	TroubleForm     Trouble = "form"      // 400, 413: a form that could not be read
	TroubleTooMany  Trouble = "too_many"  // 429
	TroubleClosed   Trouble = "closed"    // 410, 403: a form or an event that takes no more
	TroubleBroken   Trouble = "broken"    // 500
	TroubleBusy     Trouble = "busy"      // 503
)

// ErrorView is any error page. It says what to do next.
type ErrorView struct {
	Page
	Trouble Trouble
	// Contact is the address to write to. Empty: nobody is named.
	Contact string
	// RequestID is what staff can look the case up by.
	RequestID string
	// NextURL and NextLabel lead on, such as to the sign-up form after an expired link.
	NextURL, NextLabel string
}

func (v ErrorView) text(part string) string {
	trouble := TroubleBroken
	switch v.Trouble {
	case TroubleNotFound, TroubleLink, TroubleExpired, TroubleMethod, TroubleForm, TroubleTooMany, TroubleClosed, TroubleBusy:
		trouble = v.Trouble
	}
	return v.t("pages.error." + string(trouble) + "_" + part)
}
