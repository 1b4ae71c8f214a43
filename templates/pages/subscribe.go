package pages

// FormKind is what a sign-up form is for.
type FormKind string

// The kinds, as in the API.
const (
	KindNewsletter FormKind = "newsletter"
	KindDownload   FormKind = "download"
	KindContact    FormKind = "contact"
	KindDemo       FormKind = "demo"
	KindSurvey     FormKind = "survey"
)

// Fields of a form beyond email, first_name, last_name and topics.
const (
	FieldWording  = "wording_version" // of the texts that were shown
	FieldLocale   = "locale"          // they were shown in
	FieldOfAge    = "of_age"          // OfAgeYes or OfAgeNo
	OfAgeYes      = "yes"
	OfAgeNo       = "no"
	FieldHoneypot = "website" // people leave it empty
)

// SubscribeView is the form at /subscribe/{form}.
type SubscribeView struct {
	Page
	Action       string
	Kind         FormKind
	Title, Intro string
	// Document names what a download form mails.
	Document string
	Values   map[string]string // by field, to show a refused form again
	Errors   map[string]string
	AskNames bool
	Fields   []FormField
	Consents []ConsentBox
	Wording  string // version of all texts of the form
	// MinimumAge asks whether the person is that old. Zero: not asked.
	MinimumAge int
}

// FormField is one field of a form's own: company, phone, message, or a question of a survey.
type FormField struct {
	Name, Label, Hint string
	// Kind is text (also when empty), email, tel, url, number, date, textarea, choice (one of Options) or choices.
	Kind         string
	Options      []string
	Required     bool
	Autocomplete string
}

// ConsentBox is one consent, apart from the request and from each other (GDPR 7(2)). It is never ticked beforehand;
// Ticked is for a refused form that the person had ticked it in.
type ConsentBox struct {
	Topic, Wording, Description string
	Ticked                      bool
}

// ThanksView answers a form. It is the same for everybody, whether the address was known or not.
type ThanksView struct {
	Page
	Kind FormKind
	// Text of the form's own. Empty: the usual one of its kind.
	Title, Text string
	BackURL     string
}

// agreed tells that sending the form is itself the one consent that it asks for.
func (v SubscribeView) agreed() bool { return v.Kind == KindNewsletter && len(v.Consents) == 1 }

func formKey(k FormKind, part string) string {
	switch k {
	case KindDownload, KindContact, KindDemo, KindSurvey:
	default:
		k = KindNewsletter
	}
	return "pages.subscribe." + string(k) + "_" + part
}

func (v SubscribeView) submit() string { return v.t(formKey(v.Kind, "do")) }

func (v SubscribeView) spec(f FormField) fieldSpec {
	return fieldSpec{
		ID: id("own-" + f.Name), Name: f.Name, Type: f.Kind, Label: f.Label, Hint: f.Hint, Error: v.Errors[f.Name],
		Value: v.Values[f.Name], Autocomplete: f.Autocomplete, Required: f.Required,
	}
}
