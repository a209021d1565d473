// H2Client: the client's end of an HTTP/2 connection for tests, bytes in and bytes out; and frames made by hand for
// what no client sends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct nghttp2_session;

namespace etcd::rpc::testing {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct Answer {
  std::map<std::string, std::string> headers;
  std::map<std::string, std::string> trailers;
  std::string body;
  bool ended = false;
  std::optional<std::uint32_t> reset;

  // From the trailers, or from the headers of a trailers-only answer; "" if there is none.
  std::string grpc_status() const;
  std::string grpc_message() const;
  // The body's messages, each without its prefix.
  std::vector<std::string> messages() const;
};

struct GoAway {
  std::int32_t last_stream;
  std::uint32_t error;
  std::string debug_data;
};

class H2Client {
 public:
  struct Settings {
    std::uint32_t window_bytes = 65'535;
    bool refill_windows = true;
  };

  H2Client() : H2Client(Settings{}) {}
  explicit H2Client(Settings settings);
  ~H2Client();
  H2Client(const H2Client&) = delete;
  H2Client& operator=(const H2Client&) = delete;

  // Opens a stream. The body follows with send() unless `ended`.
  std::int32_t request(const Fields& fields, bool ended);
  // A gRPC call's header fields and `extra`.
  std::int32_t open_call(const std::string& path, const Fields& extra = {});
  // A whole unary call.
  std::int32_t call(const std::string& path, std::string_view message, const Fields& extra = {});
  void send(std::int32_t stream, std::string_view bytes, bool ended);
  void reset(std::int32_t stream, std::uint32_t error);
  void ping();
  // Lets the server send `bytes` more on the connection and the stream.
  void open_window(std::int32_t stream, std::int32_t bytes);

  std::string take_output();
  void receive(std::string_view bytes);

  Answer& answer(std::int32_t stream) { return answers_[stream]; }
  const std::vector<GoAway>& goaways() const { return goaways_; }
  int pongs() const { return pongs_; }
  // Streams that the server may still take, by its SETTINGS.
  std::uint32_t allowed_streams() const;

 private:
  friend struct ClientCallbacks;
  struct Body {
    std::string bytes;
    std::size_t sent = 0;
    bool ended = false;
    bool deferred = false;
  };

  nghttp2_session* session_ = nullptr;
  Settings settings_;
  std::map<std::int32_t, Answer> answers_;
  std::map<std::int32_t, Body> bodies_;
  std::vector<GoAway> goaways_;
  int pongs_ = 0;
};

// A message behind its five-byte prefix.
std::string framed(std::string_view message, char flag = 0);
// One HTTP/2 frame, taken as it is.
std::string raw_frame(std::uint8_t type, std::uint8_t flags, std::int32_t stream, std::string_view payload);
// The client's preface and an empty SETTINGS frame.
std::string raw_preface();

}  // namespace etcd::rpc::testing
