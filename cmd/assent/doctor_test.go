package main

import (
	"encoding/json"
	"testing"

	"assent/workers/doctor"
)

// A fresh installation on the loopback address is well: what is still to be done before mail leaves the machine is said as a warning.
func TestAFreshInstallationIsWell(t *testing.T) {
	for name, extra := range map[string][]string{
		"nothing is set": nil,
		"a relay on this machine, links that lead to it": {"--smtp-url", "smtp://127.0.0.1:1"},
	} {
		clean(t)
		code, out, errs := do(t, append([]string{"doctor", "--json", "--data", t.TempDir()}, extra...)...)
		var checks []doctor.Check
		if err := json.Unmarshal([]byte(out), &checks); err != nil {
			t.Fatalf("%s: %v: %s%s", name, err, out, errs)
		}
		states := map[string]doctor.Check{}
		for _, c := range checks {
			states[c.Name] = c
			if c.Status == doctor.Fail && c.Name != "relay marketing 127.0.0.1:1" && c.Name != "relay transactional 127.0.0.1:1" || c.Status == doctor.Warn && c.WhatToDo == "" {
				t.Errorf("%s: %+v", name, c)
			}
		}
		if c := states["public address"]; c.Status != doctor.Warn || c.Detail != "http://127.0.0.1:8080 is this machine or network only" {
			t.Errorf("%s: %+v", name, c)
		}
		if extra == nil && (code != 0 || states["relay"].Status != doctor.Warn) {
			t.Errorf("%s: exit %d, relay %+v", name, code, states["relay"])
		}
		if extra != nil && (code != 1 || states["sender localhost"].Status != doctor.Warn) {
			t.Errorf("%s: exit %d, sender %+v", name, code, states["sender localhost"])
		}
	}
}
