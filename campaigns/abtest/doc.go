// Package abtest says what a test of two to four texts shows, and does not say
// more: shares with Wilson's score interval, differences with Newcombe's, the
// level shared out over the comparisons (Bonferroni). It is pure.
//
// Newcombe, Interval estimation for the difference between independent
// proportions, Statistics in Medicine 17 (1998), method 10.
package abtest
