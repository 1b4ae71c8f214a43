// Package pace holds the values that say how often, when and how fast people may be written to: rates,
// warm-up plans and limits per recipient domain.
//
// Each has one plain text form, which stands alike in the environment and in the site's settings: Parse reads it,
// String writes it back. The zero value of each limits nothing.
package pace
