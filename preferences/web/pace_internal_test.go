package web

import (
	"net"
	"testing"
	"time"
)

// Somebody who asks for a page and reads nothing of it does not hold it for ever; a handler's own deadline counts where it is shorter.
func TestClientWhoReadsNothingIsGivenUp(t *testing.T) {
	for _, own := range []time.Duration{0, 2 * time.Second} {
		most := 50 * time.Millisecond
		if own > 0 {
			most = time.Hour
		}
		inner, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer inner.Close()
		client, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer client.Close()
		c, err := patient{inner, most}.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if own > 0 {
			if err := c.SetWriteDeadline(time.Now().Add(own)); err != nil {
				t.Fatal(err)
			}
		}
		done := make(chan error, 1)
		go func() {
			_, err := c.Write(make([]byte, 64<<20)) // more than the buffers of both ends hold
			done <- err
		}()
		select {
		case err := <-done:
			if slow, ok := err.(net.Error); !ok || !slow.Timeout() {
				t.Errorf("own deadline %s: %v", own, err)
			}
		case <-time.After(time.Minute):
			t.Errorf("own deadline %s: the write still waits", own)
		}
	}
}

// A deadline that an earlier answer had on the same connection does not end the next one.
func TestDeadlineOfAnEarlierAnswerIsOver(t *testing.T) {
	ours, theirs := net.Pipe()
	defer ours.Close()
	defer theirs.Close()
	c := &patientConn{Conn: ours, most: time.Minute}
	if err := c.SetWriteDeadline(time.Now().Add(-time.Second)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = theirs.Read(make([]byte, 8)) }()
	if _, err := c.Write([]byte("next")); err != nil {
		t.Error(err)
	}
}
