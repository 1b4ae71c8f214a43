package tokens

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestParseKeepsTheOrder(t *testing.T) {
	r := ring(t, " new:"+secretB+" ,\n old:"+secretA+"\n")
	if got := r.KeyIDs(); !slices.Equal(got, []string{"new", "old"}) {
		t.Errorf("got %v", got)
	}
}

// Errors name the entry and never show any part of it.
func TestParseRefusesAndNeverTellsTheSecret(t *testing.T) {
	const short = "c2VjcmV0LXNlY3JldC1zZWNyZXQ=" // "secret-secret-secret"
	for in, want := range map[string]string{
		"":                             "entry 1 is empty",
		"a:" + secretA + ",":           "entry 2 is empty",
		secretA:                        "entry 1 has no key id",
		"a:" + secretA + "," + secretB: "entry 2 has no key id",
		":" + secretA:                  "entry 1 has a key id",
		"seventeen-bytes-x:" + secretA: "entry 1 has a key id",
		"a b:" + secretA:               "entry 1 has a key id",
		secretA + ":a":                 "entry 1 has a key id",
		"a:":                           "entry 1 has a secret of 0 bytes",
		"a:" + short:                   "entry 1 has a secret of 20 bytes",
		"a:hunter2":                    "entry 1 has a secret that is not standard base64",
		"hunter2:a":                    "entry 1 has a secret that is not standard base64",
		"a:" + strings.TrimRight(secretA, "=") + ",":     "entry 1 has a secret that is not standard base64",
		"a:" + secretA[:20] + "\n" + secretA[20:]:        "entry 1 has a line break",
		"a:" + secretA[:len(secretA)-2] + "9=":           "entry 1 has a secret that is not standard base64",
		"a:" + secretA + ",a:" + secretB:                 "entry 2 repeats the key id",
		"a:" + secretA + ",b:" + secretA:                 "entry 2 repeats the secret",
		"a:_v79_Pv6-fj39vX08_Lx8O_u7ezr6uno5-bl5OPi4eA=": "entry 1 has a secret that is not standard base64",
	} {
		r, err := Parse(in)
		if err == nil || r != nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("Parse(%q) = %v, %v; want %q", in, r, err, want)
			continue
		}
		for _, s := range []string{secretA[:12], secretB[:12], short[:12], "hunter2"} {
			if strings.Contains(err.Error(), s) {
				t.Errorf("the error tells the secret: %v", err)
			}
		}
	}
}

func TestAKeyringNeverPrintsItsSecrets(t *testing.T) {
	r := ring(t, "a:"+secretA)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, r); got != "Keyring(1 keys)" {
			t.Errorf("%s prints %s", verb, got)
		}
	}
}

// Links, local parts, fingerprints and derived keys never share a key.
func TestUsesHaveTheirOwnKeys(t *testing.T) {
	r := ring(t, "a:"+secretA)
	k := r.keys[0]
	msg := []byte("same message")
	_, print := r.Fingerprint(string(msg))
	sums := [][]byte{k.links.sum(nil, msg), k.locals.sum(nil, msg), print, newMacer(k.secret).sum(nil, msg),
		newMacer(r.Derive("csrf")[0]).sum(nil, msg), newMacer(r.Derive("cursor")[0]).sum(nil, msg),
		newMacer(r.Derive("links")[0]).sum(nil, msg)}
	for i := range sums {
		for j := range i {
			if bytes.Equal(sums[i], sums[j]) {
				t.Errorf("uses %d and %d share a key", i, j)
			}
		}
	}
}

func TestDeriveFollowsTheKeys(t *testing.T) {
	both, old := ring(t, "b:"+secretB+",a:"+secretA).Derive("csrf"), ring(t, "a:"+secretA).Derive("csrf")
	if len(both) != 2 || len(both[0]) != 32 || !bytes.Equal(both[1], old[0]) || bytes.Equal(both[0], both[1]) {
		t.Errorf("got %x and %x", both, old)
	}
}

// Compliance 34: an erased address is known again under any key.
func TestFingerprints(t *testing.T) {
	old, both := ring(t, "a:"+secretA), ring(t, "b:"+secretB+",a:"+secretA)
	kid, sum := old.Fingerprint("jan@example.com")
	if kid != "a" || len(sum) != 32 {
		t.Fatalf("got %q, %x", kid, sum)
	}
	if got := both.Fingerprints("jan@example.com"); len(got) != 2 || !bytes.Equal(got[1], sum) {
		t.Errorf("after rotation the old fingerprint is not found: %x", got)
	}
	kid2, sum2 := both.Fingerprint("jan@example.com")
	if kid2 != "b" || !bytes.Equal(sum2, both.Fingerprints("jan@example.com")[0]) {
		t.Errorf("the newest key does not make the fingerprint: %q", kid2)
	}
	if _, other := old.Fingerprint("jan@example.org"); bytes.Equal(other, sum) {
		t.Error("two addresses share a fingerprint")
	}
	if got := fmt.Sprintf("%x", sum); got != pinnedPrint {
		t.Errorf("the fingerprint changed: erased people would come back\n got %s\nwant %s", got, pinnedPrint)
	}
}

const pinnedPrint = "7f50e478eebf657efdce2c4ba5746df333866d530ad73d4a6799538693bd0cf6"

func TestLoadOrCreate(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data", "secrets")
	r, err := LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	again, err := LoadOrCreate(path)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := again.Verify(Why, r.Sign(Why, full)); err != nil || c != full {
		t.Errorf("the file does not hold the same key: %v", err)
	}
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*"))
	if len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
	other, err := LoadOrCreate(filepath.Join(t.TempDir(), "secrets"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := other.Verify(Why, r.Sign(Why, full)); err != ErrInvalid {
		t.Error("two installations share a secret")
	}
}

func TestLoadOrCreateAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets")
	rings := make([]*Keyring, 8)
	var wg sync.WaitGroup
	for i := range rings {
		wg.Go(func() {
			r, err := LoadOrCreate(path)
			if err != nil {
				t.Error(err)
			}
			rings[i] = r
		})
	}
	wg.Wait()
	for _, r := range rings[1:] {
		if r == nil || rings[0] == nil || !slices.Equal(r.KeyIDs(), rings[0].KeyIDs()) {
			t.Fatalf("processes that start at once have different keys: %v, %v", r, rings[0])
		}
	}
}

// Whoever comes second must not replace the secrets that the first has signed with.
func TestCreateNeverReplacesAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets")
	if err := os.WriteFile(path, []byte("a:"+secretA), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := create(path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("got %v", err)
	}
	if after, _ := os.ReadFile(path); string(after) != "a:"+secretA {
		t.Error("the file was replaced")
	}
}

func TestLoadOrCreateRefusesABadFile(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		mode os.FileMode
		want string
	}{
		"empty":    {"", 0o600, "entry 1 is empty"},
		"broken":   {"a:hunter2", 0o600, "not standard base64"},
		"readable": {"a:" + secretA, 0o640, "chmod 600"},
	} {
		path := filepath.Join(t.TempDir(), "secrets")
		if err := os.WriteFile(path, []byte(c.text), c.mode); err != nil {
			t.Fatal(err)
		}
		r, err := LoadOrCreate(path)
		if err == nil || r != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), path) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		if after, _ := os.ReadFile(path); string(after) != c.text {
			t.Errorf("%s: the file was written over", name)
		}
	}
}
