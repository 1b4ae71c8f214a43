// Package queue hands tasks to workers over Redis, by asynq. REDIS_URL names a single server, a Sentinel group or a
// Cluster; without it an embedded server in this process does the same and ends with it.
//
// A task is a hint to look at SQL, never the only record of anything. So a task may be lost with Redis, and may come
// twice; the row is committed first and the task follows, and whoever enqueues takes an error as "later": a reconciler
// finds the rows that have no task. No call here waits long for a Redis that is away, and the servers take up their
// work by themselves when it is back, even if it comes back empty.
package queue
