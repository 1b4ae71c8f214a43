// Package web is what every page and API handler shares: one error handler (RFC 9457), strict JSON, paging, request ids,
// idempotency, security headers, and logs without tokens or addresses.
package web
