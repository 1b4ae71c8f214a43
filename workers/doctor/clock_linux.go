package doctor

import "syscall"

// timeError is the state of a kernel clock that nobody steers (adjtimex(2)).
const timeError = 5

// kernelSynced asks the kernel whether a time service steers its clock.
func kernelSynced() (synced, known bool) {
	var t syscall.Timex
	state, err := syscall.Adjtimex(&t)
	return state != timeError, err == nil
}
