// Package names holds what things are called: keys that stand in addresses and programs, and texts in several languages
// that people read.
package names
