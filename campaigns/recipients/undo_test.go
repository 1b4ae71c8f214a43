package recipients_test

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"assent/preferences"
	"assent/preferences/tokens"
	"assent/templates/pages"
)

var undoField = regexp.MustCompile(`name="undo" value="([^"]+)"`)

func (s *site) undoOf(page string) string {
	s.t.Helper()
	m := undoField.FindStringSubmatch(page)
	if m == nil {
		s.t.Fatalf("no undo is offered: %s", page)
	}
	return m[1]
}

// What one press stopped, one press puts back, however many topics it was (compliance 46, 47).
func TestSeveralTopicsAreTakenBackTogether(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		path := s.link(tokens.Preferences, sub, "")
		undo := s.undoOf(s.Post(path, form("do", "save")).Want(okStatus).Body)
		if diff := cmp.Diff(map[string]string{"news": "withdrawn", "offers": "withdrawn"}, s.States(sub)); diff != "" {
			t.Fatal(diff)
		}
		stranger := s.Person("other@example.com", nil)
		s.Post(s.link(tokens.Preferences, stranger, ""), form("undo", undo)).Want(http.StatusNotFound)
		s.Post(path, form("undo", strings.Fields(undo)[0]+" x")).Want(http.StatusNotFound)
		if diff := cmp.Diff(map[string]string{"news": "withdrawn", "offers": "withdrawn"}, s.States(sub)); diff != "" {
			t.Fatalf("half an undo was done: %s", diff)
		}
		s.Post(path, form("undo", undo)).Want(okStatus)
		if diff := cmp.Diff(map[string]string{"news": "given", "offers": "given"}, s.States(sub)); diff != "" {
			t.Error(diff)
		}
	})
}

// An old page's undo brings nothing back that a later choice took away, neither now nor once the person agrees to something else.
func TestALaterUnsubscribeStandsAgainstAnUndo(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		sub := s.lists()
		undo := s.undoOf(s.Post(s.link(tokens.Unsubscribe, sub, "news"), form(pages.FieldScope, pages.ScopeTopic)).Want(okStatus).Body)
		s.Clock.Move(time.Minute)
		s.Post(s.link(tokens.Unsubscribe, sub, "offers"), form(pages.FieldScope, pages.ScopeAll)).Want(okStatus)
		s.Clock.Move(time.Minute)
		s.Post(s.link(tokens.Unsubscribe, sub, "news"), form("undo", undo)).Want(http.StatusGone)
		s.Clock.Move(time.Minute)
		s.Give(sub, "events")
		if diff := cmp.Diff(map[string]string{"news": "withdrawn", "offers": "withdrawn", "events": "given"}, s.States(sub)); diff != "" {
			t.Error(diff)
		}
	})
}

// An undo beside a new agreement or a new refusal, at the same moment: the topic is on unless it was refused last, and the ledger has
// an entry for whatever is in force.
func TestUndoAgainstNewChoices(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.Topic("news", nil)
		s.Clock.Run()
		for i := range 8 {
			sub := s.Person(fmt.Sprintf("p%d@example.com", i), nil)
			s.Give(sub, "news")
			leave := s.link(tokens.Unsubscribe, sub, "news")
			undo := s.undoOf(s.Post(leave, form(pages.FieldScope, pages.ScopeTopic)).Want(okStatus).Body)
			atOnce(func() { s.Post(leave, form("undo", undo)).Want(okStatus) }, func() { s.Give(sub, "news") })
			if got := s.decides(sub, "news", s.Clock.Now()); got != "allowed" {
				t.Errorf("undo beside a new agreement: %s", got)
			}
			undo = s.undoOf(s.Post(leave, form(pages.FieldScope, pages.ScopeTopic)).Want(okStatus).Body)
			atOnce(func() { s.Post(leave, form("undo", undo)) }, func() { s.Post(leave, form(pages.FieldScope, pages.ScopeAll)).Want(okStatus) })
			if got := s.decides(sub, "news", s.Clock.Now()); got != "unsubscribed_all" || s.States(sub)["news"] != preferences.StateWithdrawn {
				t.Errorf("undo beside an unsubscribe from all: %s, %v", got, s.States(sub))
			}
		}
	})
}
