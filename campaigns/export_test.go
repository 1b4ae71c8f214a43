package campaigns

// The queries whose plans are looked at.
const FindingsQuery, TestQuery, HeldQuery, TrackedQuery = findingsQuery, testQuery, heldQuery, trackedQuery

// RevokeQuery is what a set of bounces asks.
var RevokeQuery = revokeQuery
