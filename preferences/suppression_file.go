package preferences

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"assent/preferences/address"
	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sheet"
	"assent/preferences/sqldb"
)

// Stops is what a block of this reason keeps from an address: all mail; all but notices; or marketing and research alone.
func Stops(reason string) string {
	switch reason {
	case SuppressedBounced:
		return "all"
	case SuppressedManual:
		return "marketing+service"
	}
	return "marketing"
}

// suppressionHead are the columns of a file of blocks. An import reads email, reason and note, by their names, in any order.
var suppressionHead = []string{"email", "reason", "note", "stops", "source", "created_at"}

// ExportSuppressions writes the blocks, of one reason or all (""), as CSV, newest first. Cells that a spreadsheet would run are made text
// (compliance 66).
func (s *Service) ExportSuppressions(ctx context.Context, out io.Writer, reason string) error {
	w := sheet.NewWriter(out)
	if err := w.Row(suppressionHead...); err != nil {
		return err
	}
	var at time.Time
	for id := ""; ; {
		list, err := s.Suppressions(ctx, "", reason, at, id, exportPage)
		if err != nil {
			return err
		}
		for _, b := range list {
			if err := w.Row(b.Email, b.Reason, b.Note, Stops(b.Reason), b.Source, b.CreatedAt.Format(time.RFC3339)); err != nil {
				return err
			}
			at, id = b.CreatedAt, b.ID
		}
		if err := w.Flush(); err != nil || len(list) < exportPage {
			return err
		}
	}
}

// SuppressionImport tells what became of a file of blocks.
type SuppressionImport struct {
	Rows   int              `json:"rows"`
	Added  int              `json:"added"`
	Known  int              `json:"known"` // were blocked for the same reason before, or stand in the file twice
	Wrong  int              `json:"wrong"`
	Errors []SuppressionRow `json:"errors"` // the first of those that are wrong
}

// SuppressionRow is a row of a file that could not be read as a block.
type SuppressionRow struct {
	Row    int    `json:"row"` // the first behind the heading is 2, as spreadsheets count
	Detail string `json:"detail"`
}

const (
	suppressionSet    = 500
	suppressionErrors = 100
	// MaxSuppressionRows bounds one file.
	MaxSuppressionRows = 1_000_000
)

// ImportSuppressions reads a CSV file with a column email, and reason and note if there are such; without a reason it is the one given.
// Rows are stored in sets: what was read before a fault stays, and the file may be given again.
func (s *Service) ImportSuppressions(ctx context.Context, actor audit.Actor, in io.Reader, reason, source string) (out SuppressionImport, err error) {
	out.Errors = []SuppressionRow{}
	if !slices.Contains(reasons, reason) {
		return out, problem.Invalid("reason", "must be manual, bounced or complained")
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord, r.ReuseRecord, r.TrimLeadingSpace = -1, true, true
	head, err := r.Read()
	if err != nil {
		return out, problem.Invalid("file", "is not a CSV file with a heading")
	}
	at := map[string]int{}
	for i, name := range head {
		at[strings.ToLower(strings.TrimSpace(strings.TrimPrefix(name, "\uFEFF")))] = i
	}
	if _, ok := at["email"]; !ok {
		return out, problem.Invalid("file", "has no column named email")
	}
	var set []Suppression
	for row := 2; ; row++ {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return out, problem.Invalid("file", "cannot be read at row "+strconv.Itoa(row)+"; the rows before it were taken")
		}
		if out.Rows++; out.Rows > MaxSuppressionRows {
			return out, problem.Invalid("file", fmt.Sprintf("has more than %d rows; the rows up to there were taken", MaxSuppressionRows))
		}
		cell := func(name string) string {
			if i, ok := at[name]; ok && i < len(record) {
				return strings.TrimSpace(sheet.Plain(record[i]))
			}
			return ""
		}
		block, wrong := suppressionOf(cell("email"), cell("reason"), cell("note"), reason, source)
		if wrong != "" {
			if out.Wrong++; len(out.Errors) < suppressionErrors {
				out.Errors = append(out.Errors, SuppressionRow{row, wrong})
			}
			continue
		}
		if set = append(set, block); len(set) == suppressionSet {
			if err := s.importSet(ctx, actor, set, &out); err != nil {
				return out, err
			}
			set = set[:0]
		}
	}
	return out, s.importSet(ctx, actor, set, &out)
}

var reasons = []string{SuppressedManual, SuppressedBounced, SuppressedComplained}

// maxNote is the longest note of a block that is kept, in octets.
const maxNote = 500

func suppressionOf(email, reason, note, other, source string) (b Suppression, wrong string) {
	parsed, err := address.Parse(email)
	if err != nil {
		return b, "email is not an e-mail address"
	}
	if reason == "" {
		reason = other
	}
	if !slices.Contains(reasons, reason) {
		return b, "reason must be manual, bounced or complained"
	}
	return Suppression{AddressKey: parsed.Key, Email: parsed.Display, Reason: reason, Note: strings.ToValidUTF8(note[:min(len(note), maxNote)], ""), Source: source}, ""
}

// importSet stores one set, and takes back what is claimed for the people in it.
func (s *Service) importSet(ctx context.Context, actor audit.Actor, set []Suppression, out *SuppressionImport) error {
	if len(set) == 0 {
		return nil
	}
	added := 0
	var claimed []string
	err := s.DB.Tx(ctx, func(tx *sqldb.Tx) (err error) {
		now := s.now()
		claimed = nil
		if added, err = s.SuppressSet(ctx, tx, now, actor, set); err != nil {
			return err
		}
		keys := make([]string, len(set))
		for i, b := range set {
			keys[i] = b.AddressKey
		}
		people, err := idsOf(ctx, tx, keys)
		if err != nil {
			return err
		}
		stops := make([]Stop, len(people))
		for i, id := range people {
			stops[i].SubscriberID = id
		}
		claimed, err = s.revoke(ctx, tx, now, stops...)
		return err
	})
	if err != nil {
		return err
	}
	out.Added += added
	out.Known += len(set) - added
	_, err = s.Sending.Settle(ctx, claimed)
	return err
}

// idsOf are the people with these addresses.
func idsOf(ctx context.Context, tx *sqldb.Tx, keys []string) (ids []string, err error) {
	ids, err = sqldb.Values[string](ctx, tx, "SELECT s.id FROM subscribers s WHERE s.email_key "+tx.Dialect().In(1)+" ORDER BY s.id", tx.Dialect().List(keys))
	if err != nil {
		return nil, fmt.Errorf("preferences: suppressions: %w", err)
	}
	return ids, nil
}
