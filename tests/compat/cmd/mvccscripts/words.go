package main

import (
	"fmt"
	"strconv"
	"strings"
)

// words are those of one line: plain ones in order, options by name.
type words struct {
	plain   []string
	options map[string]string
}

func parse(line string) words {
	w := words{options: map[string]string{}}
	for _, word := range strings.Fields(line) {
		name, value, found := strings.Cut(word, "=")
		switch {
		case word == "keys-only" || word == "count-only":
			w.options[word] = "1"
		case found && name != "":
			w.options[name] = value
		default:
			w.plain = append(w.plain, unescape(word))
		}
	}
	return w
}

func (w words) at(i int) string {
	if i < len(w.plain) {
		return w.plain[i]
	}
	return ""
}

// bytes is nil where there is no such word, as in a request decoded from the wire.
func (w words) bytes(i int) []byte {
	if w.at(i) == "" {
		return nil
	}
	return []byte(w.at(i))
}

func (w words) has(option string) bool { return w.options[option] != "" }

func (w words) number(option string) int64 {
	n, _ := strconv.ParseInt(w.options[option], 10, 64)
	return n
}

func unescape(word string) string {
	if word == `""` {
		return ""
	}
	var out strings.Builder
	for i := 0; i < len(word); i++ {
		if strings.HasPrefix(word[i:], `\x`) {
			b, _ := strconv.ParseUint(word[i+2:i+4], 16, 8)
			out.WriteByte(byte(b))
			i += 3
		} else {
			out.WriteByte(word[i])
		}
	}
	return out.String()
}

func escape(b []byte) string {
	if len(b) == 0 {
		return `""`
	}
	var out strings.Builder
	for _, c := range b {
		if c > ' ' && c < 0x7f && c != '\\' {
			out.WriteByte(c)
		} else {
			fmt.Fprintf(&out, `\x%02x`, c)
		}
	}
	return out.String()
}
