// Package throttle slows down guessing without locking anybody out: each pair
// of caller and account, and each caller, has a small allowance of failures that refills with time. An
// attacker elsewhere cannot use up the allowance of the person whose account it is.
//
// The allowances are in memory: they are forgotten at a restart and counted per
// process, which changes the rate of guessing by a small factor and needs no store.
package throttle
