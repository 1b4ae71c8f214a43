package pages

// What FieldDo may ask for on the page of a registration.
const (
	DoCancel   = "cancel"   // give the place back
	DoWithdraw = "withdraw" // stop sharing with the partner in FieldPartner
)

// The statuses of a registration.
const (
	RegistrationRegistered = "registered"
	RegistrationWaiting    = "waiting"
	RegistrationCancelled  = "cancelled"
)

// RegistrationView is the page behind the link in every mail about a registration. Only its POST changes something.
type RegistrationView struct {
	Page
	Action  string
	Event   EventView // for its name, time and place
	Email   string    // shown masked
	Status  string
	Shares  []Share // partners that may have the registrant's details now
	Stopped string  // the name of the partner that a POST has just stopped
	URL     string  // of the event
}

func (v RegistrationView) standing() string {
	switch v.Status {
	case RegistrationWaiting:
		return v.t("pages.registration.waiting")
	case RegistrationCancelled:
		return v.t("pages.registration.cancelled")
	}
	return v.t("pages.registration.registered")
}

// ShareWording is the exact text by which a registrant lets a partner have their details.
func ShareWording(p Page, partner string) string {
	return p.t("pages.registration.wording", "partner", partner)
}
