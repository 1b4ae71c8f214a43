package main

import (
	"context"
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/preferences/sqldb"
	"assent/preferences/staff/access"
	"assent/preferences/staff/accounts"
	"assent/preferences/staff/keys"
)

// typed runs the program with text on standard input.
func typed(t *testing.T, input string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	code = run(args, strings.NewReader(input), &out, &errs)
	return code, out.String(), errs.String()
}

// fresh gives the test an empty database and returns a way to look at it.
func fresh(t *testing.T) func() *sqldb.DB {
	clean(t)
	url := "sqlite:" + filepath.Join(t.TempDir(), "assent.db")
	t.Setenv("DATABASE_URL", url)
	return func() *sqldb.DB {
		db, err := sqldb.Open(context.Background(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		return db
	}
}

func now() time.Time { return time.Now().UTC() }

func TestUserIsAddedWithThePasswordOfStandardInput(t *testing.T) {
	open := fresh(t)
	for _, c := range []struct {
		input, args string
		code        int
	}{
		{"correct horse battery\n", "user add ada@example.org --name Ada --role marketer,approver", 0},
		{"", "user add bob@example.org", 1},
		{"short\n", "user add bob@example.org", 1},
		{"correct horse battery\n", "user add ada@example.org", 1},
		{"correct horse battery\n", "user add nonsense", 1},
		{"correct horse battery\n", "user add bob@example.org --role root", 2},
		{"correct horse battery\n", "user add", 2},
		{"correct horse battery\n", "user add bob@example.org --password=x", 2},
		{"another fine password\n", "user passwd nobody@example.org", 1},
		{"", "user passwd ada@example.org", 1},
		{"another fine password", "user passwd ADA@example.org", 0},
	} {
		code, stdout, stderr := typed(t, c.input, strings.Fields(c.args)...)
		if code != c.code || (code != 0) != (strings.Count(stderr, "\n") == 1) {
			t.Errorf("assent %s: exit %d, want %d: %q", c.args, code, c.code, stderr)
		}
		if strings.Contains(stdout+stderr, strings.TrimSpace(c.input)) && strings.TrimSpace(c.input) != "" {
			t.Errorf("assent %s prints the password", c.args)
		}
	}
	store := accounts.New(open(), now)
	in, err := store.SignIn(context.Background(), "ada@example.org", "another fine password", accounts.From{})
	if err != nil || in.User.Name != "Ada" || len(in.User.Roles) != 2 || !access.Has(in.User.Roles, access.Approver) {
		t.Errorf("%+v, %v", in.User, err)
	}
	_, stdout, _ := do(t, "user", "list", "--json")
	var people []person
	if err := json.Unmarshal([]byte(stdout), &people); err != nil || len(people) != 1 || people[0].Email != "ada@example.org" || people[0].SignedInAt == nil {
		t.Errorf("%s, %v", stdout, err)
	}
}

func TestUserAddedByLinkChoosesThePassword(t *testing.T) {
	open := fresh(t)
	t.Setenv("BASE_URL", "https://mail.example.org")
	code, stdout, stderr := do(t, "user", "add", "ada@example.org", "--link")
	token, ok := strings.CutPrefix(strings.TrimSpace(stdout), "https://mail.example.org/admin/password/")
	if code != 0 || !ok {
		t.Fatalf("%d %q %q", code, stdout, stderr)
	}
	if err := accounts.New(open(), now).UseLink(context.Background(), token, "correct horse battery", accounts.From{}); err != nil {
		t.Error(err)
	}
}

func TestKeyIsShownOnceAndWorksUntilRevoked(t *testing.T) {
	open := fresh(t)
	if code, _, stderr := typed(t, "correct horse battery\n", "user", "add", "ada@example.org"); code != 0 {
		t.Fatal(stderr)
	}
	code, stdout, stderr := do(t, "key", "add", "--name", "shop", "--user", "ada@example.org", "--scope", "notices:write,read", "--json")
	var made map[string]string
	if err := json.Unmarshal([]byte(stdout), &made); code != 0 || err != nil || len(made) != 3 || made["name"] != "shop" {
		t.Fatalf("%d %q %q %v", code, stdout, stderr, err)
	}
	store := &keys.Store{DB: open(), Now: now}
	key, err := store.Authenticate(context.Background(), made["key"])
	if err != nil || key.ID != made["id"] || key.UserName != "ada" || !access.Allows(key.Scopes, access.NoticesWrite) || access.Allows(key.Scopes, access.CampaignsWrite) {
		t.Fatalf("%+v, %v", key, err)
	}
	_, listed, _ := do(t, "key", "list", "--json")
	_, table, _ := do(t, "key", "list")
	if secret := made["key"][len(made["key"])-20:]; strings.Contains(listed+table, secret) {
		t.Error("the list shows a key")
	}
	if !strings.Contains(listed, `"last_used_at"`) || !strings.Contains(table, "notices:write") || !strings.Contains(table, key.ID) {
		t.Errorf("%s%s", listed, table)
	}
	if code, _, stderr := do(t, "key", "revoke", made["id"]); code != 0 {
		t.Error(stderr)
	}
	if _, err := store.Authenticate(context.Background(), made["key"]); err == nil {
		t.Error("a revoked key works")
	}
	for args, want := range map[string]int{
		"key add": 2, "key add --name x --scope root": 2, "key add --name x --user nobody@example.org": 1,
		"key revoke": 2, "key revoke 00000000-0000-0000-0000-000000000000": 1,
	} {
		if code, _, stderr := do(t, strings.Fields(args)...); code != want || strings.Count(stderr, "\n") != 1 {
			t.Errorf("assent %s: exit %d, want %d: %q", args, code, want, stderr)
		}
	}
	code, stdout, stderr = do(t, "key", "add", "--name", "plain")
	if code != 0 || !strings.HasPrefix(stdout, "ak_") || strings.Count(stdout, "\n") != 1 || stderr == "" {
		t.Errorf("%d %q %q", code, stdout, stderr)
	}
}
