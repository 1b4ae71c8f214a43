// Package broadcasts is mandatory mail to everybody whom a change affects: announced a lead time ahead, approved by a second
// person, begun with few, and accounted for person by person.
//
// What a broadcast says is fixed when it is made. When it begins its audience is read in ranges behind a cursor and becomes one
// message of the outbox for each person, which rests until its turn comes: so everybody has a place in the count from then on,
// and it goes on where it stood after a crash. People who join the audience before the change takes effect are found and told
// too. Nobody leaves the count: whoever was addressed is accepted, pending, bounced or
// unserved, and the last two are a list of work for another channel (compliance 74-78).
package broadcasts
