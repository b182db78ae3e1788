// Command linearizability reads a history of registers, one JSON object a line, and says whether it is
// linearizable. Exit code 0: it is; 1: it is not, with one line a register; 2: it could not be read.
//
// A line: {"client":1,"key":"/r/0","op":"write|cas|read","value":"…","expected":3,"version":4,
// "ok":true,"call":12,"return":15}. Times are whole numbers. "return" absent: the outcome is unknown.
// A register has a value and a version that each write raises by one; it starts as given by its first
// line with "op":"init". "version" is what the reply said: after a write, or of what was read.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

type line struct {
	Client   int    `json:"client"`
	Key      string `json:"key"`
	Op       string `json:"op"`
	Value    string `json:"value"`
	Expected *int   `json:"expected"`
	Version  *int   `json:"version"`
	OK       bool   `json:"ok"`
	Call     int64  `json:"call"`
	Return   *int64 `json:"return"`
}

type register struct {
	value   string
	version int
}

// How long one register may take before its verdict counts as unknown, which fails the check.
const patience = 120 * time.Second

func model(initial register) porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return initial },
		Step: func(state, input, _ interface{}) (bool, interface{}) {
			r := state.(register)
			in := input.(line)
			known := in.Return != nil
			if in.Op == "read" {
				fits := !known || (r.value == in.Value && (in.Version == nil || r.version == *in.Version))
				return fits, r
			}
			holds := in.Op == "write" || in.Expected == nil || *in.Expected == r.version
			next := r
			if holds {
				next = register{value: in.Value, version: r.version + 1}
			}
			if !known {
				return true, next
			}
			if in.OK != holds {
				return false, r
			}
			return !holds || in.Version == nil || next.version == *in.Version, next
		},
		DescribeOperation: func(input, _ interface{}) string {
			in := input.(line)
			return fmt.Sprintf("%s %s %s", in.Op, in.Key, in.Value)
		},
	}
}

func main() {
	lines, err := read(os.Stdin)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	bad := check(lines)
	for _, key := range bad {
		fmt.Printf("not linearizable: %s\n", key)
	}
	fmt.Printf("%d operations\n", len(lines))
	if len(bad) > 0 {
		os.Exit(1)
	}
}

func read(file *os.File) ([]line, error) {
	var lines []line
	scanner := bufio.NewScanner(file)
	scanner.Buffer(make([]byte, 1<<20), 1<<20)
	for scanner.Scan() {
		var l line
		if err := json.Unmarshal(scanner.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("line %d: %w", len(lines)+1, err)
		}
		lines = append(lines, l)
	}
	return lines, scanner.Err()
}

// The registers that are not linearizable. Those that take longer than the patience are printed, and are no finding.
func check(lines []line) []string {
	initial := map[string]register{}
	byKey := map[string][]porcupine.Operation{}
	var last int64
	for _, l := range lines {
		last = max(last, l.Call)
		if l.Return != nil {
			last = max(last, *l.Return)
		}
	}
	for _, l := range lines {
		if l.Op == "init" {
			version := 0
			if l.Version != nil {
				version = *l.Version
			}
			initial[l.Key] = register{value: l.Value, version: version}
			continue
		}
		end := last + 1
		if l.Return != nil {
			end = *l.Return
		}
		operation := porcupine.Operation{ClientId: l.Client, Input: l, Call: l.Call, Return: end}
		byKey[l.Key] = append(byKey[l.Key], operation)
	}
	var bad []string
	for key, operations := range byKey {
		verdict := porcupine.CheckOperationsTimeout(model(initial[key]), operations, patience)
		if verdict == porcupine.Illegal {
			bad = append(bad, key)
		} else if verdict != porcupine.Ok {
			fmt.Printf("undecided within %s: %s\n", patience, key)
		}
	}
	sort.Strings(bad)
	return bad
}
