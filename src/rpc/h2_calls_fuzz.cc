// A stranger on a server's connection, with handlers of every kind behind it: either its bytes as they are, or the
// doings of a client that knows HTTP/2, with frames of its own making in between. The first byte chooses limits and
// manner, the second how bytes are cut. Nothing may crash, leak or go wrong on the client's side before it has broken a
// rule itself.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "rpc/h2_calls.h"
#include "rpc/testing/h2_client.h"
#include "rpc/testing/manual_clock.h"

namespace {

using namespace etcd;
using namespace etcd::rpc;

class Target {
 public:
  explicit Target(bool tight) {
    services_.add("t.T", "U", UnaryHandler([this](UnaryCall call) {
                    base::Rope answer;
                    answer.append(call.request());
                    if (call.request().size() % 3 == 0) return waiting_.push_back(std::move(call));
                    std::move(call).respond(std::move(answer));
                  }));
    services_.add("t.T", "D", ServerStreamHandler([](StreamCall call, base::SharedBytes request) {
                    while (call.send(base::Rope(std::string(10'000, 'd')))) {
                    }
                    if (request.size() % 2 == 0) call.finish({GrpcCode::kAborted, std::string(request.view())});
                  }));
    services_.add("t.T", "B", BidiHandler([](StreamCall call) {
                    StreamEvents events;
                    events.on_message = [call](base::SharedBytes message) mutable {
                      call.send(base::Rope(std::string(message.view())));
                      message.size() == 7 ? call.finish({}) : call.read(1);
                    };
                    call.set_events(std::move(events));
                    call.read(2);
                  }));
    Options options;
    options.max_receive_message_bytes = 10'000;
    if (tight) {
      options.max_header_list_bytes = 300;
      options.max_queued_output_bytes = 100;
      options.max_queued_small_bytes = 400;
      options.max_unfinished_request_bytes = 5'000;
      options.stream_window_bytes = 500;
      options.max_concurrent_streams = 3;
      options.reset_limit = {.burst = 5, .per_second = 1};
    }
    HttpHandler http = [](HttpRequest request, HttpResponder responder) {
      std::move(responder).respond(request.query.empty() ? not_found() : plain_error(400, request.path));
    };
    shard_ = std::make_shared<Shard>(
        std::make_shared<const ServerParts>(ServerParts{options, services_, std::move(http), base::null_logger()}),
        loop_);
    calls_ = std::make_unique<H2Calls>(*shard_, std::make_shared<Peer>(), true, [] {});
  }
  ~Target() {
    calls_.reset();
    waiting_.clear();
    shard_->close();
  }

  bool is_over() const { return calls_->is_over(); }

  // Returns what the server sends.
  std::string feed(std::string_view bytes, std::size_t chunk) {
    std::string output;
    while (!bytes.empty() && !is_over()) {
      const std::string_view part = bytes.substr(0, chunk);
      bytes.remove_prefix(part.size());
      loop_.post([&, part] { serve(part, output); });
      loop_.run_once(0);
    }
    return output;
  }

 private:
  void serve(std::string_view part, std::string& output) {
    calls_->receive(part);
    for (int i = 0; i < 4 && calls_->wants_output(); ++i) {
      OutputBatch batch;
      calls_->produce(batch);
      while (!batch.empty()) {
        iovec piece;
        CHECK(batch.describe({&piece, 1}) == 1);
        output.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
        batch.drop(piece.iov_len);
      }
    }
    clock_.now_ns += 100'000'000;
    if (waiting_.size() > 3) waiting_.erase(waiting_.begin());
    shard_->end_pass();
  }

  rpc::testing::ManualClock clock_;
  Loop loop_{clock_};
  ServiceTable services_;
  std::shared_ptr<Shard> shard_;
  std::vector<UnaryCall> waiting_;
  std::unique_ptr<H2Calls> calls_;
};

// Reads the script of a client's doings, one small number after the other; zeros when it is at its end.
class Script {
 public:
  explicit Script(std::string_view bytes) : rest_(bytes) {}
  bool at_end() const { return rest_.empty(); }
  unsigned number() {
    if (rest_.empty()) return 0;
    const auto value = static_cast<unsigned char>(rest_.front());
    rest_.remove_prefix(1);
    return value;
  }
  std::string bytes() {
    const std::string_view taken = rest_.substr(0, number() % 64);
    rest_.remove_prefix(std::min(rest_.size(), taken.size()));
    return std::string(taken);
  }

 private:
  std::string_view rest_;
};

void play(Script script, Target& target, std::size_t chunk) {
  static const std::array<const char*, 4> kPaths = {"/t.T/U", "/t.T/D", "/t.T/B", "/t.X/?"};
  static const rpc::testing::Fields kTimeout = {{"grpc-timeout", "300m"}, {"x-bin", "AA"}};
  rpc::testing::H2Client client({.window_bytes = 3000});
  bool honest = true;
  std::vector<std::int32_t> streams = {0};
  const auto some_stream = [&] { return streams[script.number() % streams.size()]; };
  while (!script.at_end() && !target.is_over()) {
    std::string extra;
    switch (script.number() % 9) {
      case 0:
        streams.push_back(client.call(kPaths[script.number() % 4], script.bytes()));
        break;
      case 1:
        streams.push_back(client.open_call(kPaths[script.number() % 4], kTimeout));
        break;
      case 2: {
        const auto stream = some_stream();
        client.send(stream, rpc::testing::framed(script.bytes()), script.number() % 4 == 0);
        break;
      }
      case 3: {
        const auto stream = some_stream();
        client.send(stream, script.bytes(), script.number() % 4 == 0);
        break;
      }
      case 4:
        client.reset(some_stream(), script.number());
        break;
      case 5:
        client.ping();
        break;
      case 6:
        streams.push_back(client.request(
            {{":method", "GET"}, {":scheme", "http"}, {":path", "/" + script.bytes()}, {":authority", "x"}},
            script.number() % 2 == 0));
        break;
      case 7:
        client.open_window(some_stream(), static_cast<std::int32_t>(script.number() * 100));
        break;
      case 8:
        honest = false;
        extra = rpc::testing::raw_frame(static_cast<std::uint8_t>(script.number() % 11),
                                        static_cast<std::uint8_t>(script.number()), some_stream(), script.bytes());
        break;
      default:
        break;
    }
    const std::string output = target.feed(client.take_output() + extra, chunk);
    if (honest) client.receive(output);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  Target target(data[0] % 2 == 1);
  const std::size_t chunk = 1U + data[1] * 8U;
  if (data[0] % 4 < 2) {
    play(Script(bytes), target, chunk);
  } else {
    target.feed(etcd::rpc::testing::raw_preface(), 1000);
    target.feed(bytes, chunk);
  }
  return 0;
}
