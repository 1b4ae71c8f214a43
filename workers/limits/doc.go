// Package limits keeps rates over all workers and all processes at once: messages to a relay or a recipient domain,
// sign-ups by an address, an IP address, a network and in all.
//
// The count is kept in Redis by the generic cell rate algorithm (GCRA, ITU-T I.371): one time for each key, moved on by
// one interval for each piece taken, all keys of a call in one atomic script. It is a brake and no record: where Redis is
// flushed the limits begin anew, and where it is away a Limiter does what its maker chose.
package limits
