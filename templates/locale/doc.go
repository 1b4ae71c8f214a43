// Package locale holds every sentence that Assent says to a person, by language, and writes dates, times and
// numbers the way that language does.
//
// Texts stand in one folder per language and one TOML file per area: mail, pages, site, reasons, rights. A
// message's key is its path in the file, so `title` below `[pages.unsubscribe]` is "pages.unsubscribe.title".
// A message may name arguments in braces, "Hello {name}"; "{{" and "}}" write a brace. A message that counts is a
// table of CLDR plural forms (`one`, `other`, …) and has the argument {n}.
//
// Languages are chosen by BCP 47 matching (RFC 4647 lookup with CLDR distances): nl-BE reads Dutch, gsw reads
// German, a language that nothing is near to reads English.
package locale
