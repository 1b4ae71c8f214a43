// Package processing answers for what is kept, why, and for how long: the record of processing activities (GDPR 30), drawn
// from what the installation really does, and the retention rules that take away what is kept no longer (GDPR 5(1)(e)).
package processing
