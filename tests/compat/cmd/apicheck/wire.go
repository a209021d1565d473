package main

import (
	"encoding/hex"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"

	"etcdpp/tests/compat/internal/client"
)

func wireScenarios() []scenario {
	return []scenario{
		{name: "wire: odd but right encodings", run: oddEncodings},
		{name: "wire: broken encodings", run: brokenEncodings},
	}
}

// rawRequest is sent byte for byte.
type rawRequest []byte

// rawCodec sends rawRequest as it is.
type rawCodec struct{}

func (rawCodec) Name() string { return "proto" }

func (rawCodec) Marshal(message any) ([]byte, error) { return message.(rawRequest), nil }

func (rawCodec) Unmarshal(data []byte, message any) error {
	return proto.Unmarshal(data, message.(proto.Message))
}

// askRaw sends bytes to the method of the empty request `kind`.
func (p *pair) askRaw(kind proto.Message, request []byte) {
	m := methodOf(kind)
	m.callOptions = []grpc.CallOption{grpc.ForceCodec(rawCodec{})}
	p.exchange(brief(m.path+" "+hex.EncodeToString(request)), m.settles(),
		func(raw *client.Raw) *answer { return withoutParserText(m.call(raw, rawRequest(request))) })
}

// withoutParserText cuts what Go's protobuf parser says of a broken message.
func withoutParserText(a *answer) *answer {
	if a.err != nil && strings.Contains(statusText(a.err), "error unmarshalling request") {
		return &answer{err: status.Error(status.Code(a.err), "error unmarshalling request")}
	}
	return a
}

// field encodes one field: a string or bytes as such, a number as a varint.
func field(number protowire.Number, value any) []byte {
	switch v := value.(type) {
	case string:
		return protowire.AppendString(protowire.AppendTag(nil, number, protowire.BytesType), v)
	case []byte:
		return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), v)
	case int:
		return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType),
			uint64(int64(v)))
	}
	panic("no such kind of field")
}

func join(parts ...[]byte) []byte {
	var all []byte
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

// unknownFields are fields that no request knows, one of each wire type.
func unknownFields() []byte {
	unknown := join(field(900, 7), field(901, "unknown"))
	unknown = protowire.AppendFixed32(protowire.AppendTag(unknown, 902, protowire.Fixed32Type), 1)
	unknown = protowire.AppendFixed64(protowire.AppendTag(unknown, 903, protowire.Fixed64Type), 1)
	unknown = protowire.AppendTag(unknown, 904, protowire.StartGroupType)
	unknown = append(unknown, field(1, "in a group")...)
	return protowire.AppendTag(unknown, 904, protowire.EndGroupType)
}

func oddEncodings(p *pair) {
	seedKeys(p)
	overlong := func(number protowire.Number, value byte) []byte {
		return append(protowire.AppendTag(nil, number, protowire.VarintType), value|0x80, 0x80, 0x80, 0x00)
	}
	rangeMany := join(field(1, "k"), field(2, "l"))
	for _, request := range [][]byte{
		{},
		join(field(1, "a"), field(1, "k05")), // the last of two counts
		join(field(1, "k05"), field(1, "")),  // even if empty
		join(field(2, "l"), field(3, 2), field(1, "k")),   // any order
		join(rangeMany, unknownFields()),                  // unknown fields are skipped
		join(unknownFields(), rangeMany, unknownFields()), //
		join(rangeMany, overlong(3, 2)),                   // overlong varint
		join(rangeMany, field(3, -1)),                     // ten bytes
		join(rangeMany, field(3, "2")),                    // wrong wire type: unknown
		join(field(1, 5)),                                 // so the key is missing
		join(rangeMany, field(8, 7)),                      // bool other than 0 and 1
		join(rangeMany, field(8, 1<<40)),                  //
		join(rangeMany, field(5, 1), field(6, 1<<32)),     // enums are cut to 32 bits
		join(rangeMany, field(5, 1<<32|2)),                //
		join(rangeMany, field(5, -1)),                     //
		join(rangeMany, field(3, 5), field(3, 0)),         //
		join(rangeMany, field(4, 1<<62)),                  //
		join(rangeMany, protowire.AppendTag(nil, 3, protowire.Fixed64Type), make([]byte, 8)),
	} {
		p.askRaw(&pb.RangeRequest{}, request)
	}
	for _, request := range [][]byte{
		join(field(1, "p"), field(2, "v"), unknownFields()),
		join(field(2, "v1"), field(1, "p"), field(2, "v2")),
		join(field(1, "p"), field(2, "v"), field(4, 3)),
		join(field(1, "p"), field(2, ""), field(5, 1)),
		join(field(1, "p"), field(3, 0), field(4, 0), field(5, 0), field(6, 0)),
	} {
		p.askRaw(&pb.PutRequest{}, request)
		p.ask(get("p"))
	}
	oddTxns(p)
	p.sameEverything()
	p.killAndRestart()
	p.sameEverything()
}

// oddTxns repeats members of a oneof: the last one counts, and two of the same
// message are merged.
func oddTxns(p *pair) {
	aPut := func(parts ...[]byte) []byte { return field(2, join(parts...)) }
	aRange := field(1, field(1, "p"))
	for _, operation := range [][]byte{
		aPut(field(1, "q"), field(2, "v")),
		join(aPut(field(1, "q")), aPut(field(2, "merged"))),
		join(aPut(field(1, "q"), field(2, "v")), aRange),
		join(aRange, aPut(field(1, "q"), field(2, "last"))),
		join(aPut(field(1, "q")), aRange, aPut(field(2, "not merged"))),
		join(aPut(field(1, "q"), field(2, "v")), unknownFields()),
		join(aRange, aRange),
		{},
		unknownFields(),
		field(1, ""),
		field(2, ""),
		field(4, ""),
		field(4, field(2, aPut(field(1, "nested"), field(2, "v")))),
		join(field(4, field(2, aPut(field(1, "n1"), field(2, "v")))),
			field(4, field(2, aPut(field(1, "n2"), field(2, "v"))))),
	} {
		p.askRaw(&pb.TxnRequest{}, field(2, operation))
		p.askRaw(&pb.TxnRequest{}, join(unknownFields(), field(2, operation), field(3, operation)))
		p.ask(getRange("n", "r"))
	}
	for _, compare := range [][]byte{
		join(field(3, "k00"), field(4, 1)),
		join(field(3, "k00"), field(4, 9), field(4, 1)),
		join(field(3, "k00"), field(4, 1), field(7, "value-0")),
		join(field(3, "k00"), field(2, 3), field(4, 1), field(7, "value-0")),
		join(field(3, "k00"), field(2, 3), field(7, "value-0"), field(4, 1)),
		join(field(2, 0), field(1, 0), field(3, "k00"), field(4, 1), unknownFields()),
		join(field(3, "k00"), field(4, 1), field(64, "k05")),
		join(field(3, "k00"), field(1, 1<<32), field(4, 1)),
	} {
		p.askRaw(&pb.TxnRequest{}, join(field(1, compare),
			field(2, field(1, field(1, "k00"))), field(3, field(1, field(1, "k01")))))
	}
}

func brokenEncodings(p *pair) {
	seedKeys(p)
	whole, err := proto.Marshal(getAt("k00", "k05", 5))
	if err != nil {
		panic(err)
	}
	for cut := range len(whole) {
		p.askRaw(&pb.RangeRequest{}, whole[:cut])
	}
	nested, err := proto.Marshal(then(put("x", "y"), then(put("z", "v"))))
	if err != nil {
		panic(err)
	}
	for cut := range len(nested) {
		p.askRaw(&pb.TxnRequest{}, nested[:cut])
	}
	tooLong := append([]byte{0x18}, []byte(strings.Repeat("\xff", 10)+"\x01")...)
	for _, broken := range [][]byte{
		{0x00}, {0x07}, {0xff}, {0x0a}, {0x0a, 0x05}, {0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f},
		{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
		{0x0b}, {0x0c}, {0x0b, 0x0c}, {0x0b, 0x14}, {0x06, 0x01}, {0x0e, 0x01}, {0x0d, 0, 0, 0}, {0x09, 0},
		tooLong, append([]byte{0x0a, 0x01, 'k'}, tooLong...),
		append([]byte{0x0a, 0x01, 'k'}, 0x18, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02),
		append([]byte{0x0a, 0x01, 'k'}, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01),
		[]byte(strings.Repeat("\xa3\x01", 50)), []byte(strings.Repeat("\xa3\x01", 20_000)),
		[]byte("not a message at all, but text that goes on for a while"),
	} {
		for _, kind := range []proto.Message{&pb.RangeRequest{}, &pb.PutRequest{},
			&pb.DeleteRangeRequest{}, &pb.TxnRequest{}, &pb.CompactionRequest{}, &pb.HashKVRequest{},
			&pb.AlarmRequest{}, &pb.StatusRequest{}} {
			p.askRaw(kind, broken)
		}
	}
	deep := field(1, "k")
	for depth := 1; depth <= 12_000; depth++ {
		deep = field(2, field(4, deep))
		if depth == 50 || depth == 1_000 || depth == 4_990 || depth == 5_010 || depth == 12_000 {
			p.askRaw(&pb.TxnRequest{}, deep)
		}
	}
	p.sameEverything()
}
