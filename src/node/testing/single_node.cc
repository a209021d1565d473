#include "node/testing/single_node.h"

#include <algorithm>

#include "base/wire.h"
#include "mvcc/key_value.h"

namespace etcd::node::testing {

namespace {

class DropLines : public base::LogSink {
 public:
  void write(std::string_view) override {}
};

std::string put_request(std::string_view key, std::string_view value) {
  std::string request;
  base::WireWriter writer(request);
  writer.bytes(1, key);
  writer.bytes_if(2, value);
  return request;
}

}  // namespace

base::Logger SingleNode::quiet_logger(base::Clock& clock) {
  base::Logger logger(std::make_shared<DropLines>(), base::LogLevel::kFatal, base::LogFormat::kJson, clock);
  logger.on_fatal([] { throw ProcessEnded(); });
  return logger;
}

Result<std::unique_ptr<SingleNode>> SingleNode::open(base::CrashFs& disk, const Options& options) {
  std::unique_ptr<SingleNode> single(new SingleNode(disk));
  NodeOptions node;
  node.name = "one";
  node.advertise_client_urls = {"http://127.0.0.1:2379"};
  node.start.data_folder = "/one.etcd";
  node.start.name = "one";
  node.start.initial_cluster = {{"one", {"http://127.0.0.1:2380"}}};
  for (const std::string& name : options.other_members) node.start.initial_cluster.push_back({name, {"http://" + name}});
  node.start.force_new_cluster = options.force_new_cluster;
  node.active_since_ns = options.active_since_ns;
  node.start.initial_cluster_token = options.cluster_token;
  node.start.db.map_bytes = std::uint64_t{1} << 30;
  node.apply.snapshot_count = options.snapshot_count;
  node.apply.flush_interval_ns = options.flush_interval_ns;
  node.limits.max_request_bytes = options.max_request_bytes;
  node.limits.max_tail_bytes = options.max_tail_bytes;
  Wakeup& wakeup = single->wakeup_;
  TRY_ASSIGN(single->node_, LocalNode::open(disk, node, {wakeup, wakeup, wakeup, wakeup, wakeup}, {}, [raw = single.get()] { raw->ready_ = true; },
                                            single->clock_, single->logger_));
  single->proposer_ = single->node_->make_proposer();
  return single;
}

SingleNode::~SingleNode() {
  if (node_ != nullptr) node_->stop_waiting();
}

void SingleNode::settle() {
  constexpr int kRounds = 12;  // the longest way of one thing through the stages and back, with room to spare
  proposer_->submit();
  for (int i = 0; i < kRounds; ++i) {
    node_->step_replica(clock_.now_ns);
    node_->step_apply(clock_.now_ns);
    node_->step_disk();
    node_->step_flush();
    node_->step_worker();
  }
}

void SingleNode::pass(std::int64_t ns) {
  constexpr std::int64_t kTickNs = 50'000'000;
  for (const std::int64_t end = clock_.now_ns + ns; clock_.now_ns < end;) {
    clock_.now_ns = std::min(clock_.now_ns + kTickNs, end);
    settle();
  }
}

bool SingleNode::wait_ready() {
  settle();
  for (int i = 0; i < 100 && !ready_; ++i) pass(100'000'000);
  return ready_;
}

std::shared_ptr<Outcome> SingleNode::propose(RequestKind kind, std::string request, auth::Identity who) {
  auto outcome = std::make_shared<Outcome>();
  proposer_->propose({.kind = kind, .request = base::SharedBytes(std::move(request)), .done = [outcome](Result<base::Rope> response) {
                        outcome->answered = true;
                        outcome->response = std::move(response);
                      },
                      .who = std::move(who)});
  return outcome;
}

std::shared_ptr<Outcome> SingleNode::put(std::string_view key, std::string_view value) { return propose(RequestKind::kPut, put_request(key, value)); }

bool SingleNode::put_now(std::string_view key, std::string_view value) {
  auto outcome = put(key, value);
  settle();
  return outcome->ok();
}

std::shared_ptr<Outcome> SingleNode::compact(Revision revision) {
  std::string request;
  base::WireWriter(request).int64(1, revision.value);
  return propose(RequestKind::kCompaction, std::move(request));
}

std::optional<std::string> SingleNode::get(std::string_view key) {
  const mvcc::ReadViewRef view = node_->view();
  auto found = view->find(key);
  if (!found || !*found) return std::nullopt;
  auto kv = mvcc::decode_key_value(**found);
  if (!kv) return std::nullopt;
  return std::string(kv->value);
}

Revision SingleNode::revision() { return node_->view()->revision(); }

}  // namespace etcd::node::testing
