// Package ui holds the building blocks of the staff's pages: tables, fields, badges, charts, dialogs. They are templ
// components over small structs, work without a script, and carry no inline style: a chart is SVG with attributes
// and has its figures as a table beside it.
package ui
