package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// password asks for a password twice on a terminal, without showing it, or reads one line of standard input. It never
// comes from the command line, which other users of the machine can see.
func (t *terminal) password() (string, error) {
	file, ok := t.in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		line, err := bufio.NewReader(io.LimitReader(t.in, 4096)).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return "", fmt.Errorf("read the password from standard input: %w", err)
		}
		if line = strings.TrimRight(line, "\r\n"); line == "" {
			return "", errors.New("no password: type it on a terminal, or give it as a line of standard input")
		}
		return line, nil
	}
	first, err := t.hidden(file, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := t.hidden(file, "Again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ; try again")
	}
	return first, nil
}

func (t *terminal) hidden(file *os.File, prompt string) (string, error) {
	fmt.Fprint(t.err, prompt)
	text, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(t.err)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(text), nil
}
