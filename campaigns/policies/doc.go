// Package policies keeps the terms and policies of a company in all their versions, shows them in public, and shows what
// changed between any two.
//
// A version is fixed once it was announced or has taken effect. One that affects people's rights takes effect only when its
// announcement has met its lead time ([LeadTime]); until then it is pending and the older one stays current, whatever date
// its author wished.
package policies
