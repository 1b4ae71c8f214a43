package pages

// SnippetView is what staff copy to put a form on another site.
type SnippetView struct {
	Page
	Name    string
	Origins []string // sites that may show the form in a frame
	Frame   string   // HTML of the frame
	Plain   string   // HTML of the form by itself
}
