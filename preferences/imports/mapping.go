package imports

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"assent/preferences"
	"assent/preferences/problem"
)

// Mapping says which column of a file is which field. A column that is not in it, or whose field is empty, is not read.
type Mapping map[string]string

// Evidence is the choice that every row of a file made, with its proof: a consent event without a person. Columns may stand
// for parts of it, row by row.
type Evidence struct {
	Topic          string            `json:"topic,omitempty"`
	Topics         []string          `json:"topics,omitempty"`
	Action         string            `json:"action,omitempty"`
	Source         string            `json:"source,omitempty"`
	Wording        string            `json:"wording,omitempty"`
	WordingVersion string            `json:"wording_version,omitempty"`
	CollectedAt    *preferences.Date `json:"collected_at,omitempty"`
	IP             string            `json:"ip,omitempty"`
	UserAgent      string            `json:"user_agent,omitempty"`
	URL            string            `json:"url,omitempty"`
	Document       string            `json:"document,omitempty"`
	Locale         string            `json:"locale,omitempty"`
	Confirmed      bool              `json:"confirmed,omitempty"`
	OptOutOffered  bool              `json:"opt_out_offered,omitempty"`
}

func (e *Evidence) topics() []string {
	if e == nil {
		return nil
	}
	if e.Topic != "" {
		return append([]string{e.Topic}, e.Topics...)
	}
	return e.Topics
}

// Fields that a column may be, beside attributes.NAME. The field attributes is a JSON object, as an export writes it.
var (
	profileFields  = []string{"email", "external_id", "first_name", "last_name", "company", "phone", "locale", "timezone", "country", "birth_date", "customer_since", "attributes"}
	evidenceFields = []string{"collected_at", "source", "ip", "url", "wording", "wording_version", "user_agent", "document"}
)

const attributePrefix = "attributes."

// Fields are what a column may be, beside attributes.NAME.
func Fields() []string { return slices.Concat(profileFields, evidenceFields) }

// columns finds the field of each column of a header, empty for those that are not read. Without a mapping, columns that are
// named like a field are that field.
func (m Mapping) columns(header []string) ([]string, error) {
	fields := make([]string, len(header))
	var bad problem.Collector
	if len(m) == 0 {
		for i, name := range header {
			if field := likely(name); field != "" && !slices.Contains(fields, field) {
				fields[i] = field
			}
		}
	}
	for _, column := range m.sorted() {
		field := m[column]
		at := slices.Index(header, strings.TrimSpace(column))
		if at < 0 {
			at = slices.IndexFunc(header, func(name string) bool { return strings.EqualFold(name, strings.TrimSpace(column)) })
		}
		switch {
		case field == "":
		case at < 0:
			bad.Add("mapping", "the file has no column %q; it has: %s", column, shorten(header))
		case !known(field):
			bad.Add("mapping", "%q is not a field; a column may be %s or attributes.NAME", field, strings.Join(slices.Concat(profileFields, evidenceFields), ", "))
		case slices.Contains(fields, field):
			bad.Add("mapping", "two columns are %s", field)
		default:
			fields[at] = field
		}
	}
	if bad.Err() == nil && !slices.Contains(fields, "email") {
		bad.Add("mapping", "needs a column that is the email; the file has: %s", shorten(header))
	}
	return fields, bad.Err()
}

// likely is the field that a column is named like: "E-mail" is email, "First name" is first_name.
func likely(name string) string {
	if known(name) {
		return name
	}
	bare := strings.NewReplacer(" ", "", "-", "", "_", "")
	for _, field := range slices.Concat(profileFields, evidenceFields) {
		if strings.EqualFold(bare.Replace(name), bare.Replace(field)) {
			return field
		}
	}
	return ""
}

func (m Mapping) sorted() []string {
	columns := make([]string, 0, len(m))
	for column := range m {
		columns = append(columns, column)
	}
	slices.Sort(columns)
	return columns
}

func known(field string) bool {
	name, ok := strings.CutPrefix(field, attributePrefix)
	return slices.Contains(profileFields, field) || slices.Contains(evidenceFields, field) || (ok && name != "")
}

func shorten(header []string) string {
	text := strings.Join(header[:min(len(header), 20)], ", ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "")
	}
	if len(header) > 20 {
		text += " …"
	}
	return text
}

// check names what is missing in the evidence: what is neither in it nor in a column.
func (e *Evidence) check(fields []string) error {
	if e == nil {
		return nil
	}
	var bad problem.Collector
	if len(e.topics()) == 0 {
		bad.Add("evidence.topic", "is required, or topics")
	}
	has := func(field, value string) bool { return value != "" || slices.Contains(fields, field) }
	switch e.Action {
	case preferences.ActionGive:
		if !has("wording", strings.TrimSpace(e.Wording)) {
			bad.Add("evidence.wording", "is required, or a column for it: the exact text that people agreed to")
		}
	case preferences.ActionWithdraw, preferences.ActionObject:
	default:
		bad.Add("evidence.action", "must be give, withdraw or object")
	}
	if e.Confirmed && e.CollectedAt == nil && !has("collected_at", "") {
		bad.Add("evidence.collected_at", "is required with confirmed, or a column for it")
	}
	if e.Confirmed && !has("url", e.URL) && !has("document", e.Document) {
		bad.Add("evidence.url", "or document is required with confirmed, or a column for it, as proof of it")
	}
	return bad.Err()
}

// row makes a person and their evidence of a record.
func (e *Evidence) row(fields []string, cells []string) (out preferences.BulkRow, err error) {
	if e != nil {
		out.Evidence = preferences.Evidence{Source: e.Source, Wording: e.Wording, WordingVersion: e.WordingVersion, IP: e.IP, UserAgent: e.UserAgent, URL: e.URL,
			Document: e.Document, Locale: e.Locale, OptOutOffered: e.OptOutOffered}
		if e.CollectedAt != nil {
			out.Evidence.CollectedAt = e.CollectedAt.Time
		}
	}
	p, ev := &out.Profile, &out.Evidence
	attributes := map[string]any{}
	for i, field := range fields {
		if field == "" || i >= len(cells) || cells[i] == "" {
			continue // an empty cell says nothing
		}
		cell := cells[i]
		switch field {
		case "email":
			p.Email = &cell
		case "external_id":
			p.ExternalID = &cell
		case "first_name":
			p.FirstName = &cell
		case "last_name":
			p.LastName = &cell
		case "company":
			p.Company = &cell
		case "phone":
			p.Phone = &cell
		case "locale":
			p.Locale = &cell
		case "timezone":
			p.Timezone = &cell
		case "country":
			p.Country = &cell
		case "birth_date":
			p.BirthDate = &cell
		case "customer_since":
			at, err := moment(cell)
			if err != nil {
				return out, problem.Invalid(field, err.Error())
			}
			p.CustomerSince = &preferences.Date{Time: at}
		case "collected_at":
			if ev.CollectedAt, err = moment(cell); err != nil {
				return out, problem.Invalid(field, err.Error())
			}
		case "source":
			ev.Source = cell
		case "ip":
			ev.IP = cell
		case "url":
			ev.URL = cell
		case "wording":
			ev.Wording = cell
		case "wording_version":
			ev.WordingVersion = cell
		case "user_agent":
			ev.UserAgent = cell
		case "document":
			ev.Document = cell
		case "attributes":
			if err := json.Unmarshal([]byte(cell), &attributes); err != nil {
				return out, problem.Invalid(field, "must be a JSON object")
			}
			if attributes == nil { // the cell says null
				attributes = map[string]any{}
			}
		default:
			attributes[strings.TrimPrefix(field, attributePrefix)] = cell
		}
	}
	if len(attributes) > 0 {
		p.Attributes = &attributes
	}
	return out, nil
}

// moments are how spreadsheets and databases write an instant. Where dots part it, the day is first everywhere; with slashes nobody knows.
var moments = []string{time.RFC3339Nano, time.DateOnly, time.DateTime, "2006-01-02T15:04:05", "2006-01-02 15:04", "2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700",
	"2.1.2006", "2.1.2006 15:04", "2.1.2006 15:04:05"}

// moment reads an instant. Without a zone it is UTC.
func moment(text string) (time.Time, error) {
	for _, layout := range moments {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC().Truncate(time.Microsecond), nil
		}
	}
	return time.Time{}, fmt.Errorf("must be a time such as 2026-05-01 or 2026-05-01T09:00:00Z")
}
