package brands

import (
	"assent/preferences/address"
	"assent/preferences/problem"
)

func checkAddress(c *problem.Collector, field, email string, required bool) {
	if email == "" {
		if required {
			c.Require(field, "")
		}
		return
	}
	parsed, err := address.Parse(email)
	switch {
	case err != nil:
		c.Add(field, "is %s", err)
	case parsed.NeedsSMTPUTF8: // most relays could not send from it
		c.Add(field, "must have only ASCII characters before the @")
	}
}

// wire is an address as mail headers carry it; what is no address stays as it is, for the check to name it.
func wire(email string) string {
	if parsed, err := address.Parse(email); err == nil {
		return parsed.String()
	}
	return email
}
