package main

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"
)

// test is one line of a list: a suite, the full name of a test or subtest, and
// how long it may take.
type test struct {
	suite   string
	name    string
	timeout time.Duration
}

// readList reads lines of "suite name timeout"; what follows # is a note.
func readList(path string) ([]test, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()

	var tests []test
	scanner := bufio.NewScanner(file)
	for number := 1; scanner.Scan(); number++ {
		line, _, _ := strings.Cut(scanner.Text(), "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s:%d: want suite, name, timeout", path, number)
		}
		timeout, err := time.ParseDuration(fields[2])
		if err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, number, err)
		}
		tests = append(tests, test{fields[0], fields[1], timeout})
	}
	return tests, scanner.Err()
}

// pattern is the -test.run argument that selects exactly this test.
func (t test) pattern() string {
	elements := strings.Split(t.name, "/")
	for i, element := range elements {
		elements[i] = "^" + regexp.QuoteMeta(element) + "$"
	}
	return strings.Join(elements, "/")
}

// fileName is the test's name made fit for a file.
func (t test) fileName() string {
	return regexp.MustCompile(`[^A-Za-z0-9_.-]+`).ReplaceAllString(t.suite+"-"+t.name, "_")
}
