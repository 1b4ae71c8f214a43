// Package workers does what must happen without anybody waiting for it: it sends campaigns and transactional mail, takes
// up what a crash or an outage left behind, and keeps the clocks.
//
// Everything that matters is in SQL. A task in the queue is a hint to look there, and [Engine.Reconcile] gives the hints
// again that were lost.
package workers
