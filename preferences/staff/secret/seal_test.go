package secret

import (
	"bytes"
	"strings"
	"testing"
)

func TestSealedTextOpensWithItsKeyAndContextOnly(t *testing.T) {
	old, fresh := bytes.Repeat([]byte{1}, 32), bytes.Repeat([]byte{2}, 32)
	box, err := Seal([][]byte{old}, "JBSWY3DPEHPK3PXP", "user-1")
	if err != nil || strings.Contains(box, "JBSWY") {
		t.Fatalf("%q, %v", box, err)
	}
	if again, _ := Seal([][]byte{old}, "JBSWY3DPEHPK3PXP", "user-1"); again == box {
		t.Error("sealing twice gives the same")
	}
	if text, ok := Open([][]byte{fresh, old}, box, "user-1"); !ok || text != "JBSWY3DPEHPK3PXP" {
		t.Errorf("after the keys were rotated: %q, %v", text, ok)
	}
	for name, open := range map[string]func() (string, bool){
		"another key":     func() (string, bool) { return Open([][]byte{fresh}, box, "user-1") },
		"no key":          func() (string, bool) { return Open(nil, box, "user-1") },
		"another context": func() (string, bool) { return Open([][]byte{old}, box, "user-2") },
		"cut":             func() (string, bool) { return Open([][]byte{old}, box[:len(box)-4], "user-1") },
		"empty":           func() (string, bool) { return Open([][]byte{old}, "sealed:", "user-1") },
		"not base64":      func() (string, bool) { return Open([][]byte{old}, "sealed:!", "user-1") },
	} {
		if text, ok := open(); ok || text != "" {
			t.Errorf("%s: %q", name, text)
		}
	}
	if _, err := Seal([][]byte{{1}}, "x", ""); err == nil {
		t.Error("a short key was taken")
	}
	if text, ok := Open([][]byte{old}, "stored before", "x"); !ok || text != "stored before" {
		t.Errorf("an unsealed text: %q, %v", text, ok)
	}
}
