// Package gate decides whether one message may go to one person.
//
// Decide is a pure function of typed facts and a time: it reads no database, no
// clock and no configuration, so that every decision can be made again later
// from the facts stored with it. The rules are a fixed list of eighteen rows in
// a fixed order; the first row that applies decides.
//
// The gate fails closed. The zero value of every fact means "not known", and
// what is not known denies with the public reason "unknown" wherever the row
// could have denied. The zero Decision denies, and the zero Permit is no permit.
//
// Sources of the rows: GDPR art. 6, 7, 8, 16, 17, 18 and 21; ePrivacy directive
// 2002/58/EC art. 13(2); CASL s. 10 for the Canadian clocks.
package gate
