package main

import (
	"fmt"
	"net/http"
	"strings"
)

func callScenarios() []scenario {
	return []scenario{
		{name: "keys", run: func(p *pair) { p.ask(keyRequests()...) }},
		{name: "leases", run: func(p *pair) { p.ask(leaseRequests()...) }},
		{name: "cluster and maintenance", run: func(p *pair) { p.ask(maintenanceRequests()...) }},
		{name: "auth", run: func(p *pair) { p.ask(authRequests()...) }},
		{name: "locks and elections", run: func(p *pair) { p.ask(lockRequests()...) }},
		{name: "every path", run: everyPath},
		{name: "JSON of all kinds", run: func(p *pair) { p.ask(jsonRequests()...) }},
		{name: "paths and methods", run: func(p *pair) { p.ask(routingRequests()...) }},
		{name: "headers", run: func(p *pair) { p.ask(headerRequests()...) }},
		{name: "large bodies", run: func(p *pair) { p.ask(largeRequests()...) }},
		{name: "metrics and pages", run: func(p *pair) { p.ask(pageRequests()...) }},
	}
}

func posts(path string, bodies ...string) []request {
	var all []request
	for _, body := range bodies {
		all = append(all, request{path: path, body: body})
	}
	return all
}

func join(lists ...[]request) []request {
	var all []request
	for _, list := range lists {
		all = append(all, list...)
	}
	return all
}

// Base64: foo Zm9v, fop Zm9w, bar YmFy, a YQ==.
func keyRequests() []request {
	return join(
		posts("/v3/kv/put", `{"key":"Zm9v","value":"YmFy"}`, `{"key":"Zm9v","value":"YmF6","prev_kv":true}`,
			`{"key":"Zm9v","prevKv":true,"ignore_value":true}`, `{"key":"YQ==","value":"+/8A"}`, `{"key":"Yg","value":"-_8A"}`,
			`{}`, `{"key":"Zm9v","lease":"77"}`, `{"key":"nope","value":"YQ==","ignore_value":true}`),
		posts("/v3/kv/range", `{"key":"Zm9v"}`, `{"key":"AA==","range_end":"AA=="}`, `{"key":"AA==","rangeEnd":"AA==","limit":1}`,
			`{"key":"AA==","range_end":"AA==","count_only":true}`, `{"key":"AA==","range_end":"AA==","keys_only":true}`,
			`{"key":"AA==","range_end":"AA==","sort_order":"DESCEND","sort_target":"KEY"}`,
			`{"key":"AA==","range_end":"AA==","sort_order":2,"sort_target":4}`, `{"key":"AA==","range_end":"AA==","sort_order":"UP"}`,
			`{"key":"Zm9v","revision":"2"}`, `{"key":"Zm9v","revision":"99"}`, `{"key":"Zm9v","serializable":true}`,
			`{"key":"bm9wZQ=="}`, `{}`, ``),
		posts("/v3/kv/txn",
			`{"compare":[{"key":"Zm9v","target":"MOD","mod_revision":"3","result":"EQUAL"}],"success":[{"request_range":{"key":"Zm9v"}}],"failure":[{"requestPut":{"key":"Zm9v","value":"eA=="}}]}`,
			`{"compare":[{"key":"Zm9v","target":"VALUE","value":"YmFy","result":"NOT_EQUAL"}],"success":[{"request_put":{"key":"Zm9v","value":"eA==","prev_kv":true}},{"request_delete_range":{"key":"YQ==","prev_kv":true}}]}`,
			`{"success":[{"request_txn":{"success":[{"request_range":{"key":"Zm9v"}}]}}]}`,
			`{"success":[{"request_put":{"key":"YQ=="}},{"request_put":{"key":"YQ=="}}]}`,
			`{"success":[{"request_put":{}}]}`, `{}`),
		posts("/v3/kv/deleterange", `{"key":"Zm9v","prev_kv":true}`, `{"key":"AA==","range_end":"AA=="}`, `{"key":"Zm9v"}`, `{}`),
		posts("/v3/kv/compaction", `{"revision":"3"}`, `{"revision":"3"}`, `{"revision":"99"}`, `{"revision":4,"physical":true}`),
		posts("/v3/kv/range", `{"key":"Zm9v","revision":"2"}`),
	)
}

func leaseRequests() []request {
	return join(
		posts("/v3/lease/grant", `{"ID":"77","TTL":"100"}`, `{"ID":77,"TTL":100}`, `{"TTL":"20"}`, `{"ID":"78"}`, `{"ID":"79","TTL":"9000000001"}`),
		posts("/v3/kv/put", `{"key":"Zm9v","value":"YmFy","lease":"77"}`),
		posts("/v3/lease/leases", `{}`, ``),
		posts("/v3/kv/lease/leases", `{}`),
		posts("/v3/lease/keepalive", `{"ID":"77"}`, `{"ID":"12345"}`, `{"ID":"77"}{"ID":"12345"} {"ID":"77"}`, `x`, ``, `{"ID":"77"}x`),
		posts("/v3/lease/revoke", `{"ID":"12345"}`, `{"ID":"77"}`),
		posts("/v3/kv/lease/revoke", `{"ID":"78"}`, `{"ID":"78"}`),
		posts("/v3/lease/timetolive", `{"ID":"77"}`, `{"ID":"12345","keys":true}`),
		posts("/v3/kv/lease/timetolive", `{"ID":"77"}`),
	)
}

func maintenanceRequests() []request {
	return join(
		posts("/v3/maintenance/status", `{}`, ``),
		posts("/v3/maintenance/alarm", `{}`, `{"action":"GET"}`, `{"action":"ACTIVATE","memberID":"5","alarm":"NOSPACE"}`,
			`{"action":"GET","alarm":"NOSPACE"}`, `{"action":2,"memberID":5,"alarm":1}`, `{"action":"GET"}`),
		posts("/v3/maintenance/hash", `{}`),
		posts("/v3/maintenance/hashkv", `{}`, `{"revision":"99"}`),
		posts("/v3/maintenance/defragment", `{}`, ``),
		posts("/v3/maintenance/transfer-leadership", `{}`, `{"targetID":"5"}`),
		posts("/v3/maintenance/downgrade", `{"action":0,"version":"3.0"}`, `{"action":"VALIDATE","version":"3.6"}`, `{"action":"VALIDATE","version":"x"}`, `{"action":"CANCEL"}`),
		posts("/v3/cluster/member/list", `{}`, `{"linearizable":true}`),
	)
}

func authRequests() []request {
	return join(
		posts("/v3/auth/status", `{}`),
		posts("/v3/auth/user/add", `{"name":""}`, `{"name":"u","password":"p"}`, `{"name":"u","password":"p"}`, `{"name":"n","options":{"no_password":true}}`),
		posts("/v3/auth/user/get", `{"name":"u"}`, `{"name":"x"}`),
		posts("/v3/auth/user/list", `{}`),
		posts("/v3/auth/role/add", `{"name":"r"}`, `{"name":""}`),
		posts("/v3/auth/role/grant", `{"name":"r","perm":{"permType":"READWRITE","key":"Zm9v","range_end":"Zm9w"}}`),
		posts("/v3/auth/role/get", `{"role":"r"}`, `{"role":"x"}`),
		posts("/v3/auth/user/grant", `{"user":"u","role":"r"}`, `{"user":"u","role":"x"}`),
		posts("/v3/auth/user/revoke", `{"name":"u","role":"r"}`),
		posts("/v3/auth/role/list", `{}`),
		posts("/v3/auth/authenticate", `{"name":"u","password":"p"}`),
		posts("/v3/auth/enable", `{}`),
		posts("/v3/auth/user/delete", `{"name":"u"}`),
	)
}

func lockRequests() []request {
	return join(
		posts("/v3/lease/grant", `{"ID":"77","TTL":"100"}`),
		posts("/v3/lock/lock", `{"name":"bG9jaw==","lease":"77"}`),
		posts("/v3/kv/range", `{"key":"bG9jaw==","range_end":"bG9jbA=="}`),
		posts("/v3/lock/unlock", `{"key":"bG9jay80ZA=="}`, `{}`),
		posts("/v3/election/leader", `{"name":"ZWxlY3Q="}`, `{}`),
		posts("/v3/election/campaign", `{"name":"ZWxlY3Q=","value":"djE=","lease":"77"}`),
		posts("/v3/election/leader", `{"name":"ZWxlY3Q="}`),
		posts("/v3/election/proclaim", `{}`, `{"value":"djI="}`,
			`{"leader":{"name":"ZWxlY3Q=","key":"ZWxlY3QvNGQ=","rev":"3","lease":"77"},"value":"djI="}`),
		posts("/v3/election/resign", `{}`),
	)
}

// everyPath calls all paths with an empty message where that changes nothing for
// good.
func everyPath(p *pair) {
	for _, path := range []string{"kv/range", "kv/put", "kv/deleterange", "kv/txn", "lease/revoke", "kv/lease/revoke",
		"lease/timetolive", "kv/lease/timetolive", "lease/leases", "kv/lease/leases", "cluster/member/remove",
		"cluster/member/update", "cluster/member/list", "cluster/member/promote", "maintenance/alarm", "maintenance/status",
		"maintenance/hash", "maintenance/hashkv", "auth/disable", "auth/status", "auth/authenticate", "auth/user/add",
		"auth/user/get", "auth/user/list", "auth/user/delete", "auth/user/changepw", "auth/user/grant", "auth/user/revoke",
		"auth/role/add", "auth/role/get", "auth/role/list", "auth/role/delete", "auth/role/grant", "auth/role/revoke",
		"election/leader", "election/proclaim", "election/resign", "lock/unlock"} {
		for _, version := range []string{"/v3/", "/v3beta/"} {
			p.ask(request{path: version + path, body: "{}"})
		}
		p.ask(request{path: "/v3/" + path, body: "{"}, request{path: "/v3/" + path, method: http.MethodGet})
	}
}

func jsonRequests() []request {
	all := posts("/v3/kv/range",
		// What encoding/json refuses.
		`{key`, `{"key"`, `{"key":`, `{"key":"Zm9v"`, `{"key":"Zm9v",}`, `{'key':'Zm9v'}`, `{"key" "Zm9v"}`, `{"key":"Zm9v"]`,
		`x`, `}`, `]`, `nul`, `nulx`, `tru`, `"`, `"\`, `"\x"`, `"\u12"`, `-`, `-x`, `[1`, `[1 2]`, `[1,]`, `{"a":1 "b":2}`,
		`{"limit":01}`, `{"limit":1.}`, `{"limit":1e}`, `{"limit":+1}`, "{\"key\":\"\n\"}", "\xff", "\xef\xbb\xbf{}", `{"key":"Zm9v"}x`,
		`{"key":"Zm9v"}{"key":5}`, " \n\t{\"key\":\"Zm9v\"} ", strings.Repeat("[", 10001),
		// What protojson refuses.
		`[]`, `"x"`, `5`, `true`, `null`, `{"key":5}`, `{"key":{}}`, `{"key":[]}`, `{"key":true}`, `{"key":"?"}`,
		`{"key":"Zm9v=="}`, `{"key":"Z m 9 v"}`, `{"limit":"x"}`, `{"limit":1.5}`, `{"limit":"1.5"}`, `{"limit":9223372036854775808}`,
		`{"limit":""}`, `{"limit":{}}`, `{"keys_only":1}`, `{"sort_order":true}`, `{"sort_order":1.5}`,
		"{\"key\":\"\xff\"}", `{"key":"\ud800"}`,
		// What both take.
		`{"key":"Zm9v"}`, `{"key":"Zm9v","limit":"5"}`, `{"key":"Zm9v","limit":5}`, `{"key":"Zm9v","limit":5.0}`, `{"key":"Zm9v","limit":5e0}`,
		`{"key":"Zm9v","limit":null}`, `{"key":null}`, `{"key":"Zm9v","nope":1}`, `{"key":"Zm9v","nope":[{"a":[]}]}`,
		`{"key":"Zm9v","sort_order":"NOPE"}`, `{"key":"Zm9v","sort_order":"ASCEND"}`, `{"key":"Zm9v","sortOrder":1}`,
		`{"key":"\u005am9v"}`, `{"\u006bey":"Zm9v"}`, `{"key":"Zm8"}`, `{"key":"Zm8="}`, `{"key":"-_-_"}`, `{"key":"+/+/"}`,
	)
	known := "protobuf's C++ library takes more"
	return append(all,
		request{path: "/v3/kv/range", body: `{"key":"Zm9v","key":"YmFy"}`, instead: 200, reason: known},
		request{path: "/v3/kv/range", body: `{"key":"Zm9v","range_end":"Zm9w","rangeEnd":null}`, instead: 200, reason: known},
		request{path: "/v3/kv/range", body: `{"key":"Zm9v","keys_only":"true"}`, instead: 200, reason: known},
		request{path: "/v3/kv/range", body: `{"key":"Zm9v","limit":"5e0"}`, instead: 400, reason: "a number in quotes is digits to it"},
		request{path: "/v3/kv/range", body: `{"key":"Zm9"}`, instead: 400, reason: "it wants the unused bits of base64 to be 0"},
	)
}

func routingRequests() []request {
	var all []request
	for _, path := range []string{"/v3/kv/range", "/v3/kv/nope", "/v3/", "/v3", "/v3/watch", "/v3beta/kv/range", "/v3beta/nope",
		"/v3/maintenance/snapshot"} {
		for _, method := range []string{"GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "NONSENSE"} {
			all = append(all, request{path: path, method: method})
		}
	}
	for _, path := range []string{"/v3", "/v3/", "/v3/kv", "/v3/kv/", "/v3/kv/range/", "/v3/kv/range/x", "/v3//kv/range",
		"/v3/kv/../kv/range", "/v3/kv/%72ange", "/v3/kv%2Frange", "/v3/kv/range?key=Zm9v", "/v3/kv/range?", "/v3alpha/kv/range",
		"/v4/kv/range", "/V3/kv/range", "/v3/KV/Range", "/v3/kv/rangestream", "/v3/kv/range:x", "/etcdserverpb.KV/Range",
		"/v3/lock", "/v3/election", "/v3/health"} {
		all = append(all, request{path: path, body: `{"key":"Zm9v"}`})
	}
	return all
}

func headerRequests() []request {
	body := `{"key":"Zm9v"}`
	var all []request
	for _, header := range []string{
		"Content-Type: application/json", "Content-Type: text/plain", "Content-Type: application/grpc", "Content-Type: application/x-protobuf",
		"Content-Type: ?", "Content-Type: application/x-www-form-urlencoded", "Accept: text/html", "Accept: application/grpc-web",
		"Accept-Encoding: gzip", "Authorization: nonsense", "Grpc-Metadata-hasleader: true", "Grpc-Metadata-token: x",
		"Grpc-Metadata-client-api-version: 3.5", "Grpc-Metadata-x-bin: ?", "Grpc-Metadata-x-bin: AAA", "Grpc-Metadata-!: x",
		"Grpc-Timeout: 5S", "Grpc-Timeout: 1n", "Grpc-Timeout: -1S", "Grpc-Timeout: 0S", "Grpc-Timeout: x", "Grpc-Timeout: 5",
		"Grpc-Timeout: 5s", "Grpc-Timeout: 99999999999999999999S", "Origin: http://example.com", "X-Forwarded-For: 1.2.3.4",
		"Te: trailers", "X-HTTP-Method-Override: GET",
	} {
		name, value, _ := strings.Cut(header, ": ")
		all = append(all, request{path: "/v3/kv/range", body: body, headers: map[string]string{name: value}},
			request{path: "/v3/kv/range", body: "{", headers: map[string]string{name: value}})
	}
	for _, override := range []string{"GET", "post", "PUT", "nonsense"} {
		all = append(all, request{path: "/v3/kv/range", body: body, headers: map[string]string{
			"Content-Type": "application/x-www-form-urlencoded", "X-HTTP-Method-Override": override}})
	}
	return all
}

func largeRequests() []request {
	put := func(bytes int) string {
		return fmt.Sprintf(`{"key":"Zm9v","value":"%s"}`, strings.Repeat("A", bytes/3*4))
	}
	return []request{
		{path: "/v3/kv/put", body: put(1_000_000)},
		{path: "/v3/kv/put", body: put(1_800_000)},
		{path: "/v3/kv/put", body: put(2_250_000)},
		{path: "/v3/kv/put", body: put(7_500_000), instead: 413, reason: "a body of twice the largest message is not read"},
		{path: "/v3/kv/range", body: strings.Repeat(" ", 1_000_000) + `{"key":"YQ=="}`},
		{path: "/v3/kv/range", body: `{"key":"Zm9v"}`},
	}
}

func pageRequests() []request {
	var all []request
	for _, path := range []string{"/version", "/health", "/nope"} {
		all = append(all, request{path: path, method: "GET", headers: map[string]string{"Origin": "http://example.com"}})
	}
	return all
}
