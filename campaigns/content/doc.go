// Package content is what a mail to many says: typed blocks with merge fields, checked when they are stored and
// compiled once per campaign and language.
//
// [Parse] reads blocks strictly and [Content.Check] says everything that is wrong, by path. [Compile] renders the
// whole mail once with opaque marks where merge fields stand, and cuts the result into [Segment]s: literals that
// all people share, and fields. [Compiled.Render] fills the fields in for one person, escaped for the place where each
// stands. A person's values are only ever inserted, never looked at again: nothing that they contain is a field,
// Markdown or markup.
package content
