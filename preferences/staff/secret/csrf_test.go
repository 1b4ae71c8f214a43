package secret

import "testing"

// Compliance 62.
func TestFormTokenIsBoundToItsSession(t *testing.T) {
	one, two := NewToken(), NewToken()
	token := FormToken(one)
	if !CheckFormToken(one, token) {
		t.Error("refused in its own session")
	}
	if again := FormToken(one); again == token || !CheckFormToken(one, again) {
		t.Error("the token is not masked, or a second one is refused")
	}
	for name, c := range map[string][2]string{
		"another session": {two, token}, "no session": {"", token}, "token for no session": {"", FormToken("")},
		"empty": {one, ""}, "cut": {one, token[:len(token)-4]}, "not base64": {one, "!" + token[1:]},
		"the session itself": {one, one},
	} {
		if CheckFormToken(c[0], c[1]) {
			t.Errorf("%s: taken", name)
		}
	}
	flipped := []byte(token)
	flipped[50] ^= 3
	if CheckFormToken(one, string(flipped)) {
		t.Error("a changed token was taken")
	}
}
