// Bytes of a stranger into an HTTP/1.x connection, cut as the first byte says.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "rpc/h1_calls.h"
#include "rpc/testing/manual_clock.h"

namespace {

using namespace etcd;
using namespace etcd::rpc;

class Target {
 public:
  Target() {
    Options options;
    options.max_header_list_bytes = 1000;
    options.max_http_body_bytes = 5000;
    HttpHandler http = [this](HttpRequest request, HttpResponder responder) {
      if (request.body.size() % 3 == 1) return waiting_.push_back(std::move(responder));
      if (request.method == "PUT") {
        HttpBody body = std::move(responder).begin(200, {{"X", request.target}});
        body.write(base::Rope(std::string(request.body.view())));
        if (request.body.size() % 3 == 0) body.end();
        return;
      }
      std::move(responder).respond({.status = 200, .headers = {}, .body = base::Rope(request.path)});
    };
    shard_ = std::make_shared<Shard>(
        std::make_shared<const ServerParts>(ServerParts{options, services_, std::move(http), base::null_logger()}),
        loop_);
    calls_ = std::make_unique<H1Calls>(*shard_, std::make_shared<Peer>(), [] {});
  }
  ~Target() {
    calls_.reset();
    waiting_.clear();
    shard_->close();
  }

  void feed(std::string_view bytes, std::size_t chunk) {
    while (!bytes.empty() && !calls_->is_over()) {
      const std::string_view part = bytes.substr(0, chunk);
      bytes.remove_prefix(part.size());
      loop_.post([&, part] {
        calls_->receive(part);
        OutputBatch batch;
        calls_->produce(batch);
        if (part.size() % 2 == 0) waiting_.clear();
        shard_->end_pass();
      });
      loop_.run_once(0);
    }
  }

 private:
  rpc::testing::ManualClock clock_;
  Loop loop_{clock_};
  ServiceTable services_;
  std::shared_ptr<Shard> shard_;
  std::vector<HttpResponder> waiting_;
  std::unique_ptr<H1Calls> calls_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 1) return 0;
  Target target;
  target.feed({reinterpret_cast<const char*>(data) + 1, size - 1}, 1U + data[0]);
  return 0;
}
