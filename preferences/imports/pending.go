package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"assent/preferences/audit"
	"assent/preferences/problem"
	"assent/preferences/sqldb"
)

// Pending is a file that staff have uploaded and of which they still have to say what its columns are. It is kept for a day.
type Pending struct {
	ID       string
	FileName string
	Size     int64
	Columns  []Column
}

// Column is one column of a file with its first values.
type Column struct {
	Name    string
	Samples []string
	Guess   string // the field that it probably is; empty: none
}

// note is what is kept beside the file of a [Pending].
type note struct {
	FileName string `json:"file"`
	Charset  string `json:"charset"`
	Size     int64  `json:"size"`
	Person   string `json:"person"` // who uploaded it: nobody else may use it
}

const samples = 3

func (s *Store) notePath(id string) string { return filepath.Join(s.Dir, id+".note") }

// Hold takes a file in as it comes and keeps it until [Store.Release].
func (s *Store) Hold(ctx context.Context, actor audit.Actor, in io.Reader, name string) (*Pending, error) {
	f, err := s.Take(ctx, in)
	if err != nil {
		return nil, err
	}
	n := note{FileName: filepath.Base(filepath.ToSlash(name)), Charset: f.charset, Size: f.size, Person: actor.Person()}
	p, err := s.look(f.id, n)
	if err == nil {
		err = os.WriteFile(s.notePath(f.id), []byte(sqldb.JSON(n)), 0o600)
	}
	if err != nil {
		f.Drop()
		return nil, err
	}
	return p, nil
}

// Pending reads what is held for a member of the staff.
func (s *Store) Pending(actor audit.Actor, id string) (*Pending, error) {
	n, err := s.held(actor, id)
	if err != nil {
		return nil, err
	}
	return s.look(id, n)
}

// Release gives a held file to [Store.Create]; when that refuses, it stays held.
func (s *Store) Release(actor audit.Actor, id string) (*Spool, error) {
	n, err := s.held(actor, id)
	if err != nil {
		return nil, err
	}
	return &Spool{id: id, path: s.path(id), charset: n.Charset, size: n.Size, keep: true}, nil
}

func (s *Store) held(actor audit.Actor, id string) (n note, err error) {
	if !sqldb.IsID(id) {
		return n, ErrNotFound
	}
	text, err := os.ReadFile(s.notePath(id))
	if errors.Is(err, os.ErrNotExist) {
		return n, ErrNotFound
	}
	if err == nil {
		err = json.Unmarshal(text, &n)
	}
	if err != nil {
		return n, fmt.Errorf("imports: held file: %w", err)
	}
	if n.Person != actor.Person() {
		return n, ErrNotFound
	}
	return n, nil
}

// look reads the head of a file.
func (s *Store) look(id string, n note) (*Pending, error) {
	t, err := openTable(s.path(id), n.Charset)
	if errors.Is(err, os.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, problem.Invalid("file", err.Error())
	}
	defer t.Close()
	p := &Pending{ID: id, FileName: n.FileName, Size: n.Size}
	var taken []string
	for _, name := range t.header {
		c := Column{Name: name}
		if field := guess(name); field != "" && !slices.Contains(taken, field) {
			c.Guess = field
			taken = append(taken, field)
		}
		p.Columns = append(p.Columns, c)
	}
	for range samples {
		r, err := t.next()
		if err != nil {
			break // what is wrong with the rows, the run tells
		}
		for i, cell := range r.cells[:min(len(r.cells), len(p.Columns))] {
			if cell != "" {
				p.Columns[i].Samples = append(p.Columns[i].Samples, cell)
			}
		}
	}
	return p, nil
}

// Again makes the import that a dry run has tried, of the same file with the same settings. The file of a dry run by staff is
// kept for a day.
func (s *Store) Again(ctx context.Context, actor audit.Actor, id string) (*Import, error) {
	tried, err := s.Get(ctx, s.DB, id)
	if err != nil {
		return nil, err
	}
	if !tried.DryRun || tried.Status != StatusFinished {
		return nil, problem.Conflict("Only a dry run that is finished can be carried out.")
	}
	f := &Spool{id: sqldb.NewID(), charset: tried.charset, size: tried.Size}
	f.path = s.path(f.id)
	if err := os.Rename(s.path(id), f.path); err != nil {
		return nil, problem.Conflict("The file of this dry run is not kept any more, or was imported already. Upload it again.")
	}
	return s.Create(ctx, actor, f, Request{FileName: tried.FileName, Mapping: tried.Mapping, Evidence: tried.Evidence})
}

// Repeatable tells whether [Store.Again] can carry a dry run out.
func (s *Store) Repeatable(imp *Import) bool {
	if !imp.DryRun || imp.Status != StatusFinished {
		return false
	}
	_, err := os.Stat(s.path(imp.ID))
	return err == nil
}

// Undoing is what an undo would do now.
type Undoing struct {
	Removed  int // people whom the import made and about whom nothing changed since
	Restored int // others whose choices it recorded
	Changed  int // people whom it made and about whom something changed since: only its own choices are taken back
}

// Foresee counts what an undo would do. It reads all the import's rows.
func (s *Store) Foresee(ctx context.Context, id string) (u Undoing, err error) {
	err = s.DB.QueryRowContext(ctx, `SELECT coalesce(sum(CASE WHEN p.created AND s.updated_at = p.at THEN 1 ELSE 0 END), 0), coalesce(sum(CASE WHEN NOT p.created AND p.choices NOT IN ('null', '[]') THEN 1 ELSE 0 END), 0),
		coalesce(sum(CASE WHEN p.created AND s.updated_at <> p.at THEN 1 ELSE 0 END), 0)
		FROM import_people p JOIN subscribers s ON s.id = p.subscriber_id WHERE p.import_id = $1`, id).Scan(&u.Removed, &u.Restored, &u.Changed)
	if err != nil {
		err = fmt.Errorf("imports: foresee: %w", err)
	}
	return u, err
}

// Undoable says why an import cannot be taken back; nil when it can.
func (s *Store) Undoable(imp *Import) error { return imp.undoable(s.now()) }

// guess is the field that a column is named like, in the languages that files come in.
func guess(name string) string {
	if field := likely(name); field != "" {
		return field
	}
	bare := strings.ToLower(strings.NewReplacer(" ", "", "-", "", "_", "", ".", "").Replace(name))
	return aliases[bare]
}

var aliases = map[string]string{
	"mail": "email", "emailaddress": "email", "emailadres": "email", "emailadresse": "email", "adressemail": "email", "courriel": "email", "mailadres": "email",
	"voornaam": "first_name", "vorname": "first_name", "prénom": "first_name", "prenom": "first_name", "givenname": "first_name", "forename": "first_name",
	"achternaam": "last_name", "nachname": "last_name", "nom": "last_name", "nomdefamille": "last_name", "surname": "last_name", "familyname": "last_name",
	"bedrijf": "company", "organisatie": "company", "organisation": "company", "organization": "company", "firma": "company", "entreprise": "company", "société": "company", "companyname": "company",
	"telefoon": "phone", "telefoonnummer": "phone", "telefon": "phone", "telefonnummer": "phone", "téléphone": "phone", "tel": "phone", "phonenumber": "phone", "mobile": "phone", "mobiel": "phone",
	"taal": "locale", "sprache": "locale", "langue": "locale", "language": "locale", "land": "country", "pays": "country", "countrycode": "country",
	"tijdzone": "timezone", "zeitzone": "timezone", "fuseau": "timezone", "geboortedatum": "birth_date", "geburtsdatum": "birth_date", "birthday": "birth_date", "dateofbirth": "birth_date", "datedenaissance": "birth_date",
	"klantsinds": "customer_since", "kundeseit": "customer_since", "clientdepuis": "customer_since", "id": "external_id", "customerid": "external_id", "klantnummer": "external_id", "kundennummer": "external_id",
	"optintime": "collected_at", "optindate": "collected_at", "confirmtime": "collected_at", "consentdate": "collected_at", "optinip": "ip", "ipaddress": "ip",
}
