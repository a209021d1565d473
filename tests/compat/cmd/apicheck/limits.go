package main

import (
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding/gzip"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	pb "go.etcd.io/etcd/api/v3/etcdserverpb"
)

func limitScenarios() []scenario {
	return []scenario{
		{name: "limits: size of a request", run: requestSizes},
		{name: "limits: size of a request, small maximum", args: []string{"--max-request-bytes=4096"},
			run: smallRequestSizes},
		{name: "grpc: unknown methods and services", run: unknownMethods},
		{name: "grpc: compressed messages", run: compressed},
		{name: "grpc: health service", run: healthService},
	}
}

const requestLimit, messageOverhead = 1536 * 1024, 512 * 1024

// requestSizes steps around the two limits. A request's encoding holds an id of
// random length, so nothing is asked within 64 bytes of the first.
func requestSizes(p *pair) { sizesAround(p, requestLimit) }

func smallRequestSizes(p *pair) { sizesAround(p, 4096) }

func sizesAround(p *pair, limit int) {
	for _, size := range []int{limit - 200, limit - 100, limit + 64, limit + 1000,
		limit + messageOverhead - 100, limit + messageOverhead, limit + messageOverhead + 100, limit * 4} {
		value := strings.Repeat("v", size)
		p.ask(put("k", value))
		p.ask(then(put("k", value)))
		p.ask(then(put("k", value[:size/2]), put("l", value[size/2:])))
		p.ask(&pb.DeleteRangeRequest{Key: []byte(value)})
		p.ask(&pb.RangeRequest{Key: []byte(value)})
		p.ask(&pb.RangeRequest{Key: []byte{0}, RangeEnd: []byte{0}, KeysOnly: true})
	}
	p.sameHash()
}

func unknownMethods(p *pair) {
	for _, path := range []string{
		"/etcdserverpb.KV/Nope", "/etcdserverpb.Nope/Range", "/etcdserverpb.KV/range",
		"/etcdserverpb.KV/", "/etcdserverpb.KV", "/KV/Range", "/", "//", "/a/b/c",
		"/etcdserverpb.KV/Range/", "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
		"/etcdserverpb.KV/" + strings.Repeat("x", 3000),
	} {
		m := of[pb.RangeResponse](path)
		p.askMethod(m, get("a"))
		m.streams = true
		p.askMethod(m, get("a"))
	}
	p.ask(get("a"))
}

func compressed(p *pair) {
	for _, value := range []string{"", "small", strings.Repeat("v", 100_000),
		strings.Repeat("v", requestLimit+1000), strings.Repeat("v", requestLimit+messageOverhead+1000)} {
		m := methodOf(put("k", value))
		m.callOptions = []grpc.CallOption{grpc.UseCompressor(gzip.Name)}
		p.askMethod(m, put("k", value))
		m = methodOf(get("k"))
		m.callOptions = []grpc.CallOption{grpc.UseCompressor(gzip.Name)}
		p.askMethod(m, get("k"))
		p.ask(get("k"))
	}
}

func healthService(p *pair) {
	check := of[healthpb.HealthCheckResponse]("/grpc.health.v1.Health/Check")
	for _, service := range []string{"", "etcdserverpb.KV", "nope"} {
		p.askMethod(check, &healthpb.HealthCheckRequest{Service: service})
	}
	p.ask(alarm(pb.AlarmRequest_ACTIVATE, pb.AlarmType_NOSPACE))
	p.askMethod(check, &healthpb.HealthCheckRequest{})
}
