//go:build !linux

package queuetest

import "os/exec"

func dieWithTest(*exec.Cmd) {}
