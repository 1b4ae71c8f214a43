//go:build ignore

// Count reads `go test -json` and tells what a person wants of it: each package in a line, the output of what failed,
// why tests were skipped, and the sums in the last line. It exits with 1 if anything failed, or was skipped under --no-skips.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
)

type event struct {
	Action, Package, ImportPath, Test, Output string
	Elapsed                                   float64
}

func main() {
	strict := slices.Contains(os.Args[1:], "--no-skips")
	var passed, failed, skipped int
	output := map[string]*strings.Builder{} // by package and test
	reasons := map[string]int{}
	broken := map[string]bool{} // packages with a failed test
	open := map[string]bool{}   // packages that have begun and not ended

	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 64<<20)
	for in.Scan() {
		var e event
		if json.Unmarshal(in.Bytes(), &e) != nil {
			fmt.Println(in.Text())
			continue
		}
		key := e.Package + " " + e.Test
		switch e.Action {
		case "start":
			open[e.Package] = true
		case "output":
			if output[key] == nil {
				output[key] = &strings.Builder{}
			}
			output[key].WriteString(e.Output)
		case "build-output":
			fmt.Print(e.Output)
		case "pass", "fail", "skip":
			text := ""
			if o := output[key]; o != nil {
				text = o.String()
				delete(output, key)
			}
			if e.Test == "" {
				delete(open, e.Package)
				fmt.Printf("%-5s %7.1fs  %s\n", e.Action, e.Elapsed, e.Package)
				if e.Action == "fail" && !broken[e.Package] { // did not build, or died outside a test
					failed++
					fmt.Print(text)
				}
				delete(broken, e.Package) // it may come again, under the race detector
				continue
			}
			switch e.Action {
			case "pass":
				passed++
			case "fail":
				failed++
				broken[e.Package] = true
				fmt.Printf("\n%s\n%s\n", key, text)
			case "skip":
				skipped++
				reasons[reason(text)]++
			}
		}
	}
	if err := in.Err(); err != nil {
		fmt.Println(err)
		failed++
	}
	for _, e := range output { // a test that never ended
		if e != nil && strings.Contains(e.String(), "panic:") {
			fmt.Print(e.String())
		}
	}
	for name := range open {
		fmt.Println("never ended: ", name)
		failed++
	}
	for text, n := range reasons {
		fmt.Printf("skipped %d: %s\n", n, text)
	}
	if passed == 0 && failed == 0 {
		fmt.Println("no test ran")
		failed++
	}
	fmt.Printf("%d passed, %d failed, %d skipped\n", passed, failed, skipped)
	if failed > 0 || strict && skipped > 0 {
		os.Exit(1)
	}
}

// reason is what a test said when it skipped itself: the line before "--- SKIP".
func reason(text string) string {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if file, said, ok := strings.Cut(line, ": "); ok && strings.Contains(file, ".go:") {
			return said
		}
	}
	return "no reason given"
}
