package site

import (
	"crypto/sha256"
	"encoding/base64"
	"time"

	"assent/templates/locale"
)

// ProofView is the printable proof of one person's choices. It is a document of its own: it needs no other file, so that it can be kept,
// mailed and printed.
type ProofView struct {
	Locale  *locale.Locale
	Zone    string
	Email   string
	Number  string
	Company string // who keeps the record, with its address
	// PrintedAt and PrintedBy say when and by whom; the name may be empty.
	PrintedAt time.Time
	PrintedBy string
	// BackURL and JSONURL are shown on screen only, if they are not empty.
	BackURL, JSONURL string

	Entries, Erased int64
	Head            string
	Broken          *ProofBreak // nil: the whole chain verifies

	Now    []ProofState
	Events []ProofEvent
}

// ProofBreak is the first place at which the chain does not verify.
type ProofBreak struct {
	Seq           int64
	Fault, Detail string
}

// ProofState is what holds now: a topic, or something over all topics.
type ProofState struct{ What, State, Since string }

// ProofEvent is one event and its place in the chain.
type ProofEvent struct {
	Title      string
	At         time.Time
	Fields     [][2]string // label and value
	Wording    string
	Seq        int64
	Hash       string
	Commitment string
	Sound      bool
}

func (v ProofView) t(key string, kv ...any) string { return v.Locale.T(key, kv...) }

func (v ProofView) when(t time.Time) string { return v.Locale.DateTime(t, v.Zone) }

func (v ProofView) printed() string {
	if v.PrintedBy == "" {
		return v.when(v.PrintedAt)
	}
	return v.t("site.proof.printed_by", "at", v.when(v.PrintedAt), "name", v.PrintedBy)
}

func (v ProofView) unsound() bool {
	for _, e := range v.Events {
		if !e.Sound {
			return true
		}
	}
	return false
}

// ProofPolicy is the Content-Security-Policy of the proof: nothing but its own style sheet.
var ProofPolicy = func() string {
	sum := sha256.Sum256([]byte(proofSheet))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

const proofSheet = `:root{color-scheme:light dark;--ink:#17211c;--muted:#535e58;--line:#d5d2c8;--paper:#fff;--soft:#f5f4ef;--good:#0a674d;--bad:#a3262b}
@media screen and (prefers-color-scheme:dark){:root{--ink:#e7ece9;--muted:#a5b0aa;--line:#37423c;--paper:#141a17;--soft:#1d2521;--good:#6ccfa6;--bad:#ff9c95}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"Noto Sans",sans-serif}
main{max-inline-size:52rem;margin-inline:auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.9rem;line-height:1.2;margin:0 0 1rem}
h2{font-size:1.3rem;margin:2.25rem 0 .75rem;break-after:avoid}
h3{font-size:1.05rem;margin:0}
p{margin:.35rem 0}
dl{margin:0;display:grid;grid-template-columns:minmax(8rem,auto) 1fr;gap:.2rem 1rem}
dt{color:var(--muted)}
dd{margin:0;overflow-wrap:anywhere}
.verdict{margin-block:1.25rem;padding:1rem 1.25rem;border:2px solid var(--good);border-radius:10px}
.verdict.bad{border-color:var(--bad)}
.verdict strong{color:var(--good);font-size:1.1rem}
.verdict.bad strong,.bad{color:var(--bad)}
.verdict dl{margin-block-start:.6rem}
table{inline-size:100%;border-collapse:collapse}
th,td{padding:.45rem .6rem .45rem 0;text-align:start;vertical-align:top;border-block-end:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;color:var(--muted)}
ol{list-style:none;margin:0;padding:0}
li{padding-block:1.1rem;border-block-start:1px solid var(--line);break-inside:avoid}
blockquote{margin:.6rem 0;padding:.7rem 1rem;background:var(--soft);border-inline-start:3px solid var(--good);white-space:pre-line;overflow-wrap:anywhere}
code{overflow-wrap:anywhere;font:.85em/1.4 ui-monospace,Menlo,Consolas,"Liberation Mono",monospace}
.seal{margin-block-start:.6rem;font-size:.9rem}
.seal strong{color:var(--good)}.seal strong.bad{color:var(--bad)}
.small{font-size:.9rem;color:var(--muted)}
nav{display:flex;flex-wrap:wrap;gap:.5rem 1.5rem;margin-block-end:1.5rem}
a{color:inherit;display:inline-block;min-block-size:1.5rem}
@media (max-width:34rem){dl{grid-template-columns:1fr}dd{margin-block-end:.4rem}}
@media print{nav{display:none}main{padding:0;max-inline-size:none}body{font-size:10.5pt}@page{margin:18mm}}`
