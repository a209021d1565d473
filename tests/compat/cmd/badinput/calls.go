package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
)

// likeness is how near to Go etcd's our outcome must be.
type likeness int

const (
	asGo     likeness = iota // the same outcome, text and all
	asGoCode                 // the same, but for the text of grpc-message
	refused                  // any error, or the end of the connection
	survived                 // anything, as long as the server stands
)

// abuse is something done on a fresh connection.
type abuse struct {
	name string
	like likeness
	do   func(*h2) error
}

// call opens stream 1 with the headers and sends the data.
func call(fields []field, data ...[]byte) func(*h2) error {
	return func(c *h2) error {
		if err := c.open(1, fields); err != nil {
			return err
		}
		for i, part := range data {
			if err := c.framer.WriteData(1, i == len(data)-1, part); err != nil {
				return err
			}
		}
		return nil
	}
}

func gzipped(content []byte) []byte {
	var buffer bytes.Buffer
	writer := gzip.NewWriter(&buffer)
	_, _ = writer.Write(content)
	_ = writer.Close()
	return buffer.Bytes()
}

func callScenarios() []scenario {
	right := message(0, rangeBody(), -1)
	ranged := rangeHeaders
	zip := field{"grpc-encoding", "gzip"}
	bomb := gzipped(make([]byte, 50<<20)) // fits the initial window
	return scenariosOf("call", []abuse{
		{"right", asGo, call(ranged(), right)},
		{"right, cut into single bytes", asGo, call(ranged(), bytes.SplitAfter(right, nil)...)},
		{"no message", refused, call(ranged(), nil)},
		{"half a length prefix", refused, call(ranged(), right[:3])},
		{"truncated message", refused, call(ranged(), right[:len(right)-4])},
		{"message longer than its prefix", asGoCode, call(ranged(), message(0, rangeBody(), 3))},
		{"two messages", survived, call(ranged(), append(bytes.Clone(right), right...))},
		{"empty message", asGo, call(ranged(), message(0, nil, -1))},
		{"length prefix of 2 GiB", asGo, call(ranged(), message(0, nil, 1<<31-1), right)},
		{"length prefix of 4 GiB", asGo, call(ranged(), message(0, nil, 1<<32-1), right)},
		{"length prefix above the limit", asGo, call(ranged(), message(0, nil, 3<<20), right)},
		{"length prefix of 1 MiB, then silence", survived, func(c *h2) error {
			if err := c.open(1, ranged()); err != nil {
				return err
			}
			return c.framer.WriteData(1, false, message(0, nil, 1<<20))
		}},
		{"compressed flag without an encoding", asGo, call(ranged(), message(1, gzipped(rangeBody()), -1))},
		{"unknown flag", asGo, call(ranged(), message(7, rangeBody(), -1))},
		{"gzip, right", asGo, call(with(ranged(), zip), message(1, gzipped(rangeBody()), -1))},
		{"gzip, flag off", asGo, call(with(ranged(), zip), right)},
		{"gzip, not gzip at all", asGoCode, call(with(ranged(), zip), message(1, rangeBody(), -1))},
		{"gzip, cut off", asGoCode, call(with(ranged(), zip), message(1, gzipped(rangeBody())[:15], -1))},
		{"gzip, 50 MB of zeros", asGoCode, inFrames(with(ranged(), zip), message(1, bomb, -1))},
		{"unknown encoding", asGo, call(with(ranged(), field{"grpc-encoding", "zzz"}), message(1, rangeBody(), -1))},
		{"not a protobuf message", asGoCode, call(ranged(), message(0, []byte{0xff, 0xff, 0xff}, -1))},
		{"unknown method", asGo, call(with(ranged(), field{":path", "/etcdserverpb.KV/Nope"}), right)},
		{"unknown service", asGo, call(with(ranged(), field{":path", "/a.b.C/Range"}), right)},
		// Go's HTTP/2 lets it through to gRPC's status 12; RFC 9113 has it reset (8.3.1).
		{"path without slash", refused, call(with(ranged(), field{":path", "nonsense"}), right)},
		{"no path", refused, call(with(ranged(), field{":path", "-"}), right)},
		{"GET", asGoCode, call(with(ranged(), field{":method", "GET"}), right)},
		{"no te", survived, call(with(ranged(), field{"te", "-"}), right)},
		{"no content-type", refused, call(with(ranged(), field{"content-type", "-"}), right)},
		{"content-type text/plain", refused, call(with(ranged(), field{"content-type", "text/plain"}), right)},
		{"content-type application/grpcx", refused, call(with(ranged(), field{"content-type", "application/grpcx"}), right)},
		{"content-type application/grpc+proto", asGo, call(with(ranged(), field{"content-type", "application/grpc+proto"}), right)},
		{"content-type application/grpc;x=y", asGo, call(with(ranged(), field{"content-type", "application/grpc;x=y"}), right)},
		{"content-type application/grpc+json", asGo, call(with(ranged(), field{"content-type", "application/grpc+json"}), right)},
		{"timeout of 1 ns", asGo, call(with(ranged(), field{"grpc-timeout", "1n"}), right)},
		{"timeout of 0", asGo, call(with(ranged(), field{"grpc-timeout", "0S"}), right)},
		{"timeout of 99999999 hours", asGo, call(with(ranged(), field{"grpc-timeout", "99999999H"}), right)},
		{"timeout without unit", refused, call(with(ranged(), field{"grpc-timeout", "10"}), right)},
		{"timeout with unknown unit", refused, call(with(ranged(), field{"grpc-timeout", "10x"}), right)},
		{"timeout with nine digits", refused, call(with(ranged(), field{"grpc-timeout", "123456789S"}), right)},
		{"timeout below zero", refused, call(with(ranged(), field{"grpc-timeout", "-1S"}), right)},
		{"header field of 100 KB", survived, call(with(ranged(), field{"x-big", strings.Repeat("v", 100_000)}), right)},
		{"header field of 20 MB", survived, call(with(ranged(), field{"x-big", strings.Repeat("v", 20_000_000)}), right)},
		{"50,000 header fields", survived, call(append(ranged(), manyFields(50_000)...), right)},
		{"upper case header name", refused, call(append(ranged(), field{"X-Upper", "v"}), right)},
		{"connection header", survived, call(append(ranged(), field{"connection", "close"}), right)},
		{"bad binary metadata", survived, call(append(ranged(), field{"x-bin", "***"}), right)},
		{"bad client-api-version", survived, call(append(ranged(), field{"client-api-version", "\xff\xfe"}), right)},
		{"pseudo header after others", refused, call(append(with(ranged(), field{":path", "-"}), field{":path", "/etcdserverpb.KV/Range"}), right)},
		{"two paths", refused, call(append(ranged(), field{":path", "/etcdserverpb.KV/Put"}), right)},
		{"trailers from the client", survived, func(c *h2) error {
			if err := call(ranged(), right, nil)(c); err != nil {
				return err
			}
			return c.open(1, []field{{"x-trailer", "v"}})
		}},
	})
}

func manyFields(count int) []field {
	var fields []field
	for i := range count {
		fields = append(fields, field{fmt.Sprintf("x-%d", i), "v"})
	}
	return fields
}

// inFrames sends data in frames of the default size.
func inFrames(fields []field, data []byte) func(*h2) error {
	const frame = 16 << 10
	var parts [][]byte
	for len(data) > frame {
		parts, data = append(parts, data[:frame]), data[frame:]
	}
	return call(fields, append(parts, data)...)
}
