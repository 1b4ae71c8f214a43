package site

// PasskeyView lets a browser use a passkey (Kind "get") or make one ("create"). It needs a script, because browsers
// offer passkeys to scripts only; it says so where there is none.
type PasskeyView struct {
	Entrance
	Kind    string
	Action  string // takes the fields step, next, name and answer
	Step    string
	Next    string
	Options string // JSON for navigator.credentials
	Refused bool
	BackURL string
}

func (v PasskeyView) say(what string) string {
	return v.Locale.T("site.staff.passkey." + v.Kind + "_" + what)
}
