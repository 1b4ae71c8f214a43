package queuetest

import (
	"os/exec"
	"syscall"
)

// dieWithTest keeps a server from outliving a test that was killed.
func dieWithTest(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
