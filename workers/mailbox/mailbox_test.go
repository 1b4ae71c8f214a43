package mailbox_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"assent/preferences/gate"
	"assent/workers/mailbox"
	"assent/workers/transport"
)

func open(t testing.TB, dir string, o mailbox.Options) *mailbox.Box {
	t.Helper()
	b, err := mailbox.Open(context.Background(), dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.Close(context.Background()) })
	return b
}

func outgoing(t testing.TB, id, to, subject string) transport.Outgoing {
	t.Helper()
	f := gate.Facts{
		Class: gate.Notice, Basis: gate.Contract, Erased: gate.No, Bounced: gate.No, Unverified: gate.No, Restricted: gate.No, Minor: gate.No,
		Suppressed: gate.No, Complained: gate.No, ObjectedDirect: gate.No, ObjectedResearch: gate.No, UnsubscribedAll: gate.No,
		PartnerOptedOut: gate.No,
	}
	p, ok := gate.Decide(f, time.Now()).Permit(id, gate.StreamTransactional)
	if !ok {
		t.Fatal("the gate gave no permit")
	}
	return transport.Outgoing{Permit: p, ID: id, From: "bounce@brand.test", To: to, Data: []byte("From: =?UTF-8?q?Ben_Brand?= <news@brand.test>\r\nTo: x\r\nSubject: " + subject + "\r\n\r\nbody of " + id + "\r\n")}
}

func states(res []transport.Result) (out []string) {
	for _, r := range res {
		out = append(out, r.State.String())
	}
	return out
}

func TestWhatIsSentCanBeReadNewestFirstAndSearched(t *testing.T) {
	b := open(t, t.TempDir(), mailbox.Options{})
	ctx := context.Background()
	batch := transport.Batch{Messages: []transport.Outgoing{
		outgoing(t, "1", "Ann@People.test", "one"), outgoing(t, "2", "bob@people.test", "=?UTF-8?q?zwei_=C3=B6?=\r\n =?UTF-8?q?_rest?="), outgoing(t, "3", "ann@people.test", "three"),
	}}
	for _, r := range b.SendBatch(ctx, batch) {
		if r.State != transport.Sent || r.Code != 250 || r.Relay != "mailbox" || r.Reply == "" || r.At.IsZero() || r.MailAt.IsZero() {
			t.Errorf("%+v", r)
		}
	}
	subjects := func(q mailbox.Query) string {
		list, err := b.List(ctx, q)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, m := range list {
			out = append(out, m.Subject)
		}
		return strings.Join(out, "|")
	}
	if got := subjects(mailbox.Query{Limit: 10}); got != "three|zwei ö rest|one" {
		t.Error(got)
	}
	if got := subjects(mailbox.Query{Search: "ANN@", Limit: 10}); got != "three|one" {
		t.Error(got)
	}
	first, _ := b.List(ctx, mailbox.Query{Limit: 1})
	if got := subjects(mailbox.Query{Before: first[0].ID, Limit: 1}); got != "zwei ö rest" {
		t.Error(got)
	}
	m, raw, err := b.Get(ctx, first[0].ID)
	if err != nil || !bytes.Equal(raw, batch.Messages[2].Data) || m.Delivery != "3" || m.Stream != "transactional" || m.Class != "notice" || m.ReturnPath != "bounce@brand.test" || m.From != "Ben Brand <news@brand.test>" {
		t.Errorf("%+v %q %v", m, raw, err)
	}
	if _, _, err := b.Get(ctx, 99); !errors.Is(err, mailbox.ErrNotFound) {
		t.Error(err)
	}
	if err := b.DeleteAll(ctx); err != nil {
		t.Fatal(err)
	}
	if n, size, err := b.Count(ctx); n != 0 || size != 0 || err != nil {
		t.Error(n, size, err)
	}
}

type journal struct {
	notes []string
	fail  bool
}

func (j *journal) Note(replied string, code int, finishing string) error {
	if j.fail {
		return errors.New("disk full")
	}
	j.notes = append(j.notes, fmt.Sprint(replied, code, finishing))
	return nil
}

func TestDemandsPermitsLeasesAndTheJournal(t *testing.T) {
	b := open(t, t.TempDir(), mailbox.Options{})
	batch := transport.Batch{Messages: []transport.Outgoing{
		outgoing(t, "1", "a@people.test", "x"), outgoing(t, "2", "b@people.test", "x"), outgoing(t, "3", "c@people.test", "x"), outgoing(t, "4", "d@people.test", "x"),
	}}
	batch.Messages[0].Permit = gate.Permit{}
	asked := map[int]int{}
	batch.Lease = func(i int) time.Time {
		asked[i]++
		switch {
		case i == 1 || i == 2 && asked[i] > 1:
			return time.Time{}
		case i == 2:
			return time.Now() // over before the batch is stored
		}
		return time.Now().Add(time.Minute)
	}
	j := &journal{}
	batch.Journal = j
	res := b.SendBatch(context.Background(), batch)
	if got := strings.Join(states(res), ","); got != "not begun,not begun,not begun,sent" || !errors.Is(res[0].Err, transport.ErrPermit) {
		t.Error(got, res[0].Err)
	}
	if list, _ := b.List(context.Background(), mailbox.Query{Limit: 9}); len(list) != 1 || list[0].Delivery != "4" {
		t.Errorf("%+v", list)
	}
	if got := strings.Join(j.notes, ","); got != "0 4,4 250" && got != "04,4250" {
		t.Error(got)
	}
	batch.Lease, batch.Journal = nil, &journal{fail: true}
	res = b.SendBatch(context.Background(), batch)
	if got := strings.Join(states(res), ","); got != "not begun,failed,failed,failed" || res[1].Err == nil {
		t.Error(got)
	}
	if n, _, _ := b.Count(context.Background()); n != 1 {
		t.Errorf("%d mails without a journal entry", n-1)
	}
}

func TestKeepsTheNewest(t *testing.T) {
	b := open(t, t.TempDir(), mailbox.Options{Keep: 5})
	for i := range 12 {
		b.SendBatch(context.Background(), transport.Batch{Messages: []transport.Outgoing{outgoing(t, fmt.Sprint(i), "a@people.test", "x")}})
	}
	list, err := b.List(context.Background(), mailbox.Query{Limit: 100})
	if err != nil || len(list) != 5 || list[4].Delivery != "7" {
		t.Errorf("%d %v %v", len(list), list, err)
	}
	small := open(t, t.TempDir(), mailbox.Options{Keep: 20, KeepBytes: 100})
	for i := range 12 {
		small.SendBatch(context.Background(), transport.Batch{Messages: []transport.Outgoing{outgoing(t, fmt.Sprint(i), "a@people.test", "x")}})
	}
	if n, size, _ := small.Count(context.Background()); size > 100 || n == 0 {
		t.Errorf("%d mails of %d octets", n, size)
	}
}

func TestPurgedMailIsGoneFromTheFile(t *testing.T) {
	dir := t.TempDir()
	b := open(t, dir, mailbox.Options{})
	ctx := context.Background()
	const secret = "very-private-address"
	b.SendBatch(ctx, transport.Batch{Messages: []transport.Outgoing{
		outgoing(t, "1", secret+"@People.test", secret), outgoing(t, "2", "other@people.test", "kept"),
	}})
	if n, err := b.Purge(ctx, strings.ToUpper(secret)+"@people.test"); n != 1 || err != nil {
		t.Fatal(n, err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*"))
	for _, f := range files {
		data, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(bytes.ToLower(data), []byte(secret)) {
			t.Errorf("%s still has the address", f)
		}
	}
	if n, _, _ := b.Count(ctx); n != 1 {
		t.Errorf("%d mails left", n)
	}
}

func BenchmarkSend100(b *testing.B) {
	box := open(b, b.TempDir(), mailbox.Options{})
	var batch transport.Batch
	for i := range 100 {
		m := outgoing(b, fmt.Sprint(i), "a@people.test", "x")
		m.Data = append(m.Data, bytes.Repeat([]byte("0123456789abcdef\r\n"), 650)...)
		batch.Messages = append(batch.Messages, m)
	}
	for b.Loop() {
		box.SendBatch(context.Background(), batch)
	}
	b.ReportMetric(float64(b.N*100)/b.Elapsed().Seconds(), "mails/s")
}
