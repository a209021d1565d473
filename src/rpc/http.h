// HTTP requests that are not gRPC: HTTP/1.1, and HTTP/2 whose content-type is not application/grpc. One handler sees
// both alike.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "rpc/call.h"
#include "rpc/metadata.h"

namespace etcd::rpc {

class LocalClient;

// A whole request; the body is complete (at most Options::max_http_body_bytes), or follows in pieces.
struct HttpRequest {
  std::string method;  // "GET"; as sent
  std::string target;  // as sent: "/health?exclude=NOSPACE"
  std::string path;    // percent-decoded: "/health"
  std::string query;   // not decoded: "exclude=NOSPACE"
  std::string host;    // Host field or :authority
  bool is_http2 = false;
  bool streams_body = false;  // see Options::streams_body
  Metadata headers;  // lower-case names
  base::SharedBytes body;
  std::shared_ptr<const Peer> peer;

  // The decoded values of a query parameter, in order, by the rules of Go's url.ParseQuery (a malformed pair is
  // skipped).
  std::vector<std::string> query_values(std::string_view name) const;
  std::string header(std::string_view lower_case_name) const;
};

using HttpFields = std::vector<std::pair<std::string, std::string>>;

// Content-Length, Date, Connection and Transfer-Encoding are the server's business; leave them out. For HEAD the body's
// length is sent, the body not.
struct HttpResponse {
  int status = 200;
  HttpFields headers = {};
  base::Rope body = {};
};

// A body sent piece by piece (HTTP/1.1: chunked). Any thread; copies are handles of the same response. When the last
// one goes before end(), the connection (HTTP/1.1) or stream (HTTP/2) is broken off, so that the client sees an
// unfinished body.
class HttpBody {
 public:
  HttpBody() = default;
  // As StreamCall::send.
  bool write(base::Rope bytes);
  // After begin(101): lets the client's next bytes come in, as one on_message, `times` times.
  void read(std::uint32_t times);
  void end();
  bool is_cancelled() const;
  std::size_t queued_bytes() const;

 private:
  friend class HttpResponder;
  explicit HttpBody(std::shared_ptr<StreamHandle> handle) : handle_(std::move(handle)) {}

  std::shared_ptr<StreamHandle> handle_;
};

// Answers one request exactly once, from any thread. Dropped without an answer: 500.
class HttpResponder {
 public:
  explicit HttpResponder(std::shared_ptr<StreamHandle> handle) : handle_(std::move(handle)) {}
  HttpResponder(HttpResponder&&) noexcept = default;
  HttpResponder& operator=(HttpResponder&&) noexcept = default;
  ~HttpResponder() = default;

  bool is_cancelled() const;
  // Only inside the handler: notices of a streamed answer (on_writable) and of the client's going away (on_cancel). Over
  // HTTP/1.1 also on_half_close, when the client has shut its side while the request is being answered: it has mostly
  // gone, but may still be reading.
  void set_events(StreamEvents events);
  // Of a body that follows in pieces: lets the next ones come in, each as one on_message, `times` times. After the last of the body comes
  // on_half_close; a body that is broken off ends in on_cancel.
  void read(std::uint32_t times);
  // For calling the server's own methods; on the loop's thread.
  LocalClient client() const;

  void respond(HttpResponse response) &&;
  // Sends status and headers now, the body follows. Status 101 (HTTP/1.1 only, and the headers must say to what) turns
  // the connection into a tunnel: what is written goes out as it is, what comes in is on_message's, until end().
  HttpBody begin(int status, HttpFields headers) &&;

 private:
  std::shared_ptr<StreamHandle> handle_;
};

// Called on the loop of the request's connection; must not block.
using HttpHandler = std::function<void(HttpRequest, HttpResponder)>;

// An answer as Go's http.Error gives it: text/plain; charset=utf-8, X-Content-Type-Options: nosniff, and the text with
// a newline.
HttpResponse plain_error(int status, std::string_view text);
// Go's answer to an unknown path: 404 "404 page not found".
HttpResponse not_found();
// "Not Found" for 404; "" for codes that Go's http.StatusText doesn't know.
std::string_view reason_phrase(int status);

}  // namespace etcd::rpc
