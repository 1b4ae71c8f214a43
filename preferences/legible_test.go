package preferences

import "testing"

// Compliance 18: what a program says of a choice has no control characters; the words that were agreed to may have lines.
func TestEvidenceIsText(t *testing.T) {
	good := Evidence{Source: "form", Wording: "Yes,\r\n\tmail me\u2028please.", UserAgent: "Mozilla/5.0 (é)", URL: "https://example.com/?a=b", IP: "192.0.2.1"}
	if err := good.legible(); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"a\x00b", "a\x1bb", "a\xffb"} {
		for i, e := range []Evidence{{Source: bad}, {Wording: bad}, {WordingVersion: bad}, {IP: bad}, {UserAgent: bad}, {URL: bad}, {Document: bad}} {
			if e.legible() == nil {
				t.Errorf("%q passes in field %d", bad, i)
			}
		}
	}
	for _, line := range []string{"a\nb", "a\rb", "a\u2028b"} {
		if (Evidence{Source: line}).legible() == nil {
			t.Errorf("%q passes as a source", line)
		}
	}
}
