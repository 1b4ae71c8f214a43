package main

import (
	"encoding/json"
	"strings"
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

// With --mail a mail of each stream goes into the built-in mailbox and is read there.
func TestDoctorSendsATestMail(t *testing.T) {
	clean(t)
	data := t.TempDir()
	code, out, errs := do(t, "doctor", "--json", "--mail", "--data", data)
	var checks []doctor.Check
	if err := json.Unmarshal([]byte(out), &checks); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errs)
	}
	states := map[string]doctor.Check{}
	for _, c := range checks {
		states[c.Name] = c
	}
	for name, want := range map[string]doctor.Status{"test mail marketing: handed over": doctor.OK, "test mail marketing: one-click unsubscribe": doctor.Warn, "test mail transactional: list headers": doctor.OK, "test mail transactional: Message-ID": doctor.OK} {
		if states[name].Status != want {
			t.Errorf("%s: %+v", name, states[name])
		}
	}
	for args, says := range map[string]string{"--mail --smtp-url smtp://127.0.0.1:1": "name an address", "--to a@b.example": "--mail"} {
		code, _, errs := do(t, append([]string{"doctor", "--data", data}, strings.Fields(args)...)...)
		if code != 2 || !strings.Contains(errs, says) {
			t.Errorf("doctor %s: exit %d, %s", args, code, errs)
		}
	}
}
