// Command assent is the whole product in one binary: pages, API, workers and the tools of those who run it.
package main

import "os"

func main() {
	os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}
