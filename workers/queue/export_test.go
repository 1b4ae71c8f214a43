package queue

// EmbeddedAddr is where the embedded server of a queue listens.
func EmbeddedAddr(q *Queue) string { return q.embedded.server.Addr() }
