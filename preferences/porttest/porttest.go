// Package porttest finds addresses for servers that a test starts, stops and starts again.
package porttest

import (
	"math/rand/v2"
	"net"
	"strconv"
	"testing"
)

// The ports lie below those that systems give to connections (32768 and up), so that none of these takes one while its server is stopped.
const first, count = 10000, 10000

// Free is an address of 127.0.0.1 where nothing listens, and that Free gives to nobody else on this machine until the test ends.
func Free(t testing.TB) string {
	t.Helper()
	for range count {
		address := net.JoinHostPort("127.0.0.1", strconv.Itoa(first+rand.IntN(count)))
		claim, err := net.ListenPacket("udp", address) // the servers are all on TCP
		if err != nil {
			continue
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			_ = claim.Close()
			continue
		}
		_ = l.Close()
		t.Cleanup(func() { _ = claim.Close() })
		return address
	}
	t.Fatal("no port is free")
	return ""
}
