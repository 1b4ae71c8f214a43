package live_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"
	"github.com/labstack/echo/v4"

	"assent/campaigns"
	"assent/campaigns/campaignstest"
	"assent/campaigns/live"
	"assent/preferences/sqldb"
	"assent/preferences/sqldb/sqldbtest"
	"assent/preferences/web"
)

// running is a world with a campaign to n people that has begun.
func running(t *testing.T, db *sqldb.DB, n int) (*campaignstest.World, *campaigns.Campaign) {
	w := campaignstest.New(t, db)
	w.Clock.Run()
	w.Topic("news", nil)
	w.Crowd(n, "news")
	c := w.Campaign("news", nil)
	w.Schedule(c)
	w.Send(c, 0, 10)
	return w, c
}

func TestAllWatchersShareOneReading(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, c := running(t, db, 40)
		h, began := &live.Hub{Campaigns: w.Mails, Every: 50 * time.Millisecond}, time.Now()
		var watchers []*live.Watcher
		for i := range 200 {
			ids := []string{c.ID}
			if i%2 == 0 {
				ids = nil
			}
			watcher, ok := h.Watch(ids...)
			if !ok {
				t.Fatal("not let in")
			}
			watchers = append(watchers, watcher)
		}
		w.Send(c, 0, 15)
		for _, watcher := range watchers {
			for r := range watcher.C {
				if len(r.Campaigns) == 1 && r.Campaigns[0].Report.Sent == 25 {
					break
				}
			}
		}
		if n, took := h.Readings(), time.Since(began); n > 2+int(took/h.Every) {
			t.Errorf("%d readings of the database for 200 watchers in %v", n, took)
		}
		for _, watcher := range watchers {
			watcher.Stop()
		}
		before := -1
		for end := time.Now().Add(time.Minute); before != h.Readings(); time.Sleep(200 * time.Millisecond) {
			if before = h.Readings(); time.Now().After(end) {
				t.Fatal("the database is read while nobody watches")
			}
		}
		again, _ := h.Watch(c.ID)
		defer again.Stop()
		if r := <-again.C; r.Campaigns[0].Report.Sent != 25 {
			t.Errorf("whoever comes later sees %+v", r)
		}
	})
}

func TestPaceIsThatOfLately(t *testing.T) {
	for _, c := range []struct {
		took                time.Duration
		sent, done, waiting int64
		perSecond           float64
		left                time.Duration
	}{
		{0, 5, 5, 5, 0, 0},
		{10 * time.Second, 100, 200, 400, 10, 20 * time.Second},
		{10 * time.Second, 0, 0, 400, 0, 0},
		{10 * time.Second, 0, 50, 0, 0, 0},
	} {
		if perSecond, left := live.Pace(c.took, c.sent, c.done, c.waiting); perSecond != c.perSecond || left != c.left {
			t.Errorf("%+v: %v a second, %v left", c, perSecond, left)
		}
	}
}

func site(t *testing.T, h *live.Hub, id string) (*httptest.Server, *echo.Echo) {
	e := web.New(web.Options{Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	e.GET("/live", func(c echo.Context) error {
		return h.Stream(c, func(r live.Reading) (templ.Component, bool) {
			p := r.Campaigns[0]
			return templ.Raw(fmt.Sprintf("<p>\n%d sent\n</p>", p.Report.Sent)), p.Campaign.Status != campaigns.StatusSending
		}, id)
	})
	s := httptest.NewServer(e)
	t.Cleanup(s.Close)
	return s, e
}

// next reads one event: its name and its data.
func next(t *testing.T, r *bufio.Reader) (name, data string) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatalf("the stream ended: %v", err)
		}
		switch line = strings.TrimSuffix(line, "\n"); {
		case line == "" && name != "":
			return name, data
		case strings.HasPrefix(line, "event: "):
			name = line[7:]
		case strings.HasPrefix(line, "data: "):
			data += line[6:]
		}
	}
}

func TestAStreamTellsEachChangeAndEndsWithTheCampaign(t *testing.T) {
	sqldbtest.Exercise(t, func(t *testing.T, db *sqldb.DB) {
		w, c := running(t, db, 30)
		server, _ := site(t, &live.Hub{Campaigns: w.Mails, Every: 20 * time.Millisecond}, c.ID)
		answer, err := http.Get(server.URL + "/live")
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		if kind := answer.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/event-stream") || answer.Header.Get("X-Accel-Buffering") != "no" || !strings.Contains(answer.Header.Get("Cache-Control"), "no-store") {
			t.Errorf("%v", answer.Header)
		}
		in := bufio.NewReader(answer.Body)
		if name, data := next(t, in); name != "progress" || data != "<p>10 sent</p>" {
			t.Errorf("%s %q", name, data)
		}
		w.Send(c, 0, 7)
		if name, data := next(t, in); name != "progress" || data != "<p>17 sent</p>" {
			t.Errorf("%s %q", name, data)
		}
		if _, err := w.Mails.Pause(context.Background(), campaignstest.Staff, c.ID, "by hand"); err != nil {
			t.Fatal(err)
		}
		if name, _ := next(t, in); name != "end" {
			t.Errorf("after the end of it: %s", name)
		}
		if rest, err := io.ReadAll(in); err != nil || len(rest) > 0 {
			t.Errorf("%q follows the end, %v", rest, err)
		}
		if head, err := http.Head(server.URL + "/live"); err != nil || head.StatusCode != 200 {
			t.Errorf("HEAD: %v", err)
		}
	})
}

// A watched page must not hold up a server that stops.
func TestAStopLetsGoOfWhoWatches(t *testing.T) {
	w, c := running(t, sqldbtest.SQLite(t), 30)
	h := &live.Hub{Campaigns: w.Mails, Every: 20 * time.Millisecond}
	server, _ := site(t, h, c.ID)
	server.Config.RegisterOnShutdown(h.Close)
	answer, err := http.Get(server.URL + "/live")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	in := bufio.NewReader(answer.Body)
	next(t, in)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second) // the stream would go on for minutes
	defer cancel()
	if err := server.Config.Shutdown(ctx); err != nil {
		t.Error(err)
	}
	if _, ok := h.Watch(c.ID); ok {
		t.Error("somebody may watch after the stop")
	}
}
