// Package partners keeps the third parties on whose behalf, or together with whom, something is sent or shared: resellers,
// event sponsors, organisers. People opt out of each of them by itself.
package partners
