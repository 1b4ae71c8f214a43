package campaignstest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// Act is what a history tells of.
type Act string

// The acts: a mail that began (at its MAIL FROM), a withdrawal that was asked for and acknowledged, a consent likewise.
const (
	Began    Act = "began"
	Withdrew Act = "withdrew"
	Gave     Act = "gave"
)

// History records what was done about whom and between which instants, to be held against a sequential model of promise 2:
// a mail may begin only while the person's consent stands.
type History struct {
	start time.Time
	mu    sync.Mutex
	ops   []porcupine.Operation
}

// NewHistory begins one, in which everybody has consented.
func NewHistory() *History { return &History{start: time.Now()} }

// Add records an act of one of the clients, numbered from 0; one that happens at an instant has it twice.
func (h *History) Add(client int, act Act, person string, from, to time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: deed{act, person}, Call: int64(from.Sub(h.start)), Return: int64(to.Sub(h.start))})
}

// Count is how many acts of a kind were recorded.
func (h *History) Count(act Act) (n int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, op := range h.ops {
		if op.Input.(deed).act == act {
			n++
		}
	}
	return n
}

type deed struct {
	act    Act
	person string
}

// model is one person: whether their consent stands.
var model = porcupine.Model{
	Partition: func(history []porcupine.Operation) (parts [][]porcupine.Operation) {
		place := map[string]int{}
		for _, op := range history {
			person := op.Input.(deed).person
			i, ok := place[person]
			if !ok {
				i = len(parts)
				place[person] = i
				parts = append(parts, nil)
			}
			parts[i] = append(parts[i], op)
		}
		return parts
	},
	Init: func() any { return true },
	Step: func(state, input, _ any) (bool, any) {
		switch input.(deed).act {
		case Began:
			return state.(bool), state
		case Gave:
			return true, true
		}
		return true, false
	},
}

// Check fails the test where no order of the acts, each at some instant between its two, explains what was seen.
func (h *History) Check(t testing.TB) {
	t.Helper()
	for _, ops := range model.Partition(h.ops) {
		one := model
		one.Partition = nil
		switch porcupine.CheckOperationsTimeout(one, ops, time.Minute) {
		case porcupine.Illegal:
			var told strings.Builder
			for _, op := range ops {
				fmt.Fprintf(&told, "\n\t%-8s %12v to %12v", op.Input.(deed).act, time.Duration(op.Call), time.Duration(op.Return))
			}
			t.Errorf("%s: a mail began after an acknowledged withdrawal and before a new consent:%s", ops[0].Input.(deed).person, told.String())
		case porcupine.Unknown:
			t.Errorf("%s: %d acts could not be checked in a minute", ops[0].Input.(deed).person, len(ops))
		}
	}
}
