// Package live tells any number of watchers how campaigns go, from one reading
// of the database a second for all of them.
package live
