package porttest

import (
	"net"
	"testing"
)

func TestEachAddressIsGivenOnceAndCanBeListenedAt(t *testing.T) {
	given := map[string]bool{}
	for range 500 {
		address := Free(t)
		if given[address] {
			t.Fatalf("%s was given twice", address)
		}
		given[address] = true
		for range 2 { // as a server that is started again
			l, err := net.Listen("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			_ = l.Close()
		}
	}
}

func TestAnAddressIsFreeAgainAfterItsTest(t *testing.T) {
	var address string
	t.Run("holder", func(t *testing.T) { address = Free(t) })
	claim, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	_ = claim.Close()
}
