package proof

import (
	"bufio"
	"fmt"
	"io"
	"time"
)

// Print writes the proof as text for a terminal.
func (p *Proof) Print(out io.Writer) error {
	w := bufio.NewWriter(out)
	fmt.Fprintf(w, "Proof of consent for %s\nsubscriber %s, printed %s, head of the ledger %s\n", p.Email, p.SubscriberID, p.PrintedAt.Format(time.RFC3339), p.Head)
	if b := p.Chain.Broken; b != nil {
		fmt.Fprintf(w, "THE CHAIN WAS CHANGED at entry %d: %s: %s\n", b.Seq, b.Fault, b.Detail)
	} else {
		fmt.Fprintf(w, "The chain was verified from its first entry to its last: %d entries, whole.\n", p.Chain.Entries)
	}
	fmt.Fprintln(w, "\nNow:")
	for _, c := range p.Current {
		fmt.Fprintf(w, "  %-24s %-10s since %s\n", c.Topic, c.State, c.Since.Format(time.RFC3339))
	}
	for _, at := range p.Standing.times() {
		if !at.at.IsZero() {
			fmt.Fprintf(w, "  %-24s %s\n", at.what, at.at.Format(time.RFC3339))
		}
	}
	for _, b := range p.Standing.Blocks {
		fmt.Fprintf(w, "  address blocked: %-7s since %s %s\n", b.Reason, b.Since.Format(time.RFC3339), b.Note)
	}
	fmt.Fprintln(w, "\nHistory:")
	for _, e := range p.Events {
		fmt.Fprintf(w, "  %s  %s %s\n", e.At().Format(time.RFC3339), e.Action, e.Topic)
		for _, line := range e.lines() {
			if line[1] != "" {
				fmt.Fprintf(w, "      %-13s %s\n", line[0], line[1])
			}
		}
		if !e.Sound {
			fmt.Fprintln(w, "      CHANGED: this event is not what was recorded")
		}
	}
	return w.Flush()
}

type since struct {
	what string
	at   time.Time
}

func (s Standing) times() []since {
	return []since{{"unsubscribed from all", s.UnsubscribedAt}, {"objected to marketing", s.ObjectedAt}, {"objected to research", s.ObjectedResearchAt},
		{"restricted", s.RestrictedAt}, {"paused until", s.PausedUntil}, {"tracking agreed to", s.TrackingSince}}
}

func (e Event) lines() [][2]string {
	return [][2]string{{"recorded", e.RecordedAt.Format(time.RFC3339)}, {"source", e.Source}, {"wording", e.Wording}, {"version", e.WordingVersion}, {"language", e.Locale}, {"form", e.Form}, {"url", e.URL},
		{"document", e.Document}, {"ip", e.IP}, {"browser", e.UserAgent}, {"confirmation", e.ConfirmationMessageID}, {"by", e.Actor}, {"value", e.Value}, {"note", e.Note},
		{"entry", fmt.Sprintf("%d %s", e.Seq, e.Hash)}}
}
