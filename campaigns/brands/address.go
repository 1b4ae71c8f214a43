package brands

import (
	"net/mail"

	"assent/preferences/problem"
)

func checkAddress(c *problem.Collector, field, email string, required bool) {
	if email == "" {
		if required {
			c.Require(field, "")
		}
		return
	}
	if parsed, err := mail.ParseAddress(email); err != nil || parsed.Address != email || len(email) > 254 {
		c.Add(field, "must be an e-mail address such as news@example.com")
	}
}
