// Runs the scripts in testdata. Those in testdata/etcd have the output that etcd 3.7.3's own store gives (tests/compat/cmd/mvccscripts writes it).
//
//   put <key> <value> [lease=N]          delete <key> [<end>]         both as one transaction; print the store's revision
//   txn, then puts, deletes and ranges   one transaction
//   range <key> [<end>] [rev=N] [limit=N] [sort=target:order] [keys-only] [count-only] [{min,max}-{mod,create}=N]
//   compact <revision>                   hash [rev=N]                 hash-buckets
//   flush                                restart (flushes first)      kill (a restart that does not)
//   changes <from> <to>                  changes [from, to]
//   start-compaction <revision>          step <keys>                  records (of the db's key bucket)
// Bytes other than printable ASCII stand as \xNN, an empty word as "".
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "base/testing/script.h"
#include "bolt/schema.h"
#include "mvcc/hash.h"
#include "mvcc/testing/store_rig.h"

namespace etcd::mvcc::testing {
namespace {

std::string unescape(const std::string& word) {
  if (word == "\"\"") return {};
  std::string bytes;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word.compare(i, 2, "\\x") == 0) {
      bytes += static_cast<char>(std::stoi(word.substr(i + 2, 2), nullptr, 16));
      i += 3;
    } else {
      bytes += word[i];
    }
  }
  return bytes;
}

std::string escape(std::string_view bytes) {
  if (bytes.empty()) return "\"\"";
  std::string word;
  for (const char c : bytes) {
    if (c > ' ' && c < '\x7f' && c != '\\') {
      word += c;
    } else {
      static constexpr char kHex[] = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      word += std::string("\\x") + kHex[byte / 16] + kHex[byte % 16];
    }
  }
  return word;
}

std::string describe_kv(std::string_view encoded) {
  const auto kv = decode_key_value(encoded);
  if (!kv) return "damaged\n";
  std::ostringstream out;
  out << escape(kv->key) << " create=" << kv->create_revision << " mod=" << kv->mod_revision << " version=" << kv->version
      << " value=" << escape(kv->value) << " lease=" << kv->lease << "\n";
  return out.str();
}

std::string describe_error(const Error& error) {
  if (error.code == Errc::kCompacted) return "error: compacted\n";
  if (error.code == Errc::kFutureRevision) return "error: future revision\n";
  return "error: " + describe(error) + "\n";
}

// The words of one line: plain ones in order, options by name.
struct Words {
  explicit Words(const std::string& line) {
    std::istringstream in(line);
    for (std::string word; in >> word;) {
      static const std::set<std::string> kFlags{"keys-only", "count-only"};
      const std::size_t equals = word.find('=');
      if (kFlags.contains(word)) {
        options[word] = "1";
      } else if (equals != std::string::npos && equals > 0) {
        options[word.substr(0, equals)] = word.substr(equals + 1);
      } else {
        plain.push_back(unescape(word));
      }
    }
  }
  std::string at(std::size_t i) const { return i < plain.size() ? plain[i] : std::string(); }
  std::int64_t number(const std::string& option) const {
    const auto found = options.find(option);
    return found == options.end() ? 0 : std::stoll(found->second);
  }

  std::vector<std::string> plain;
  std::map<std::string, std::string> options;
};

SortTarget sort_target(const std::string& name) {
  static const std::map<std::string, SortTarget> kTargets{{"key", SortTarget::kKey},       {"version", SortTarget::kVersion},
                                                          {"create", SortTarget::kCreate}, {"mod", SortTarget::kMod},
                                                          {"value", SortTarget::kValue}};
  return kTargets.at(name);
}

SortOrder sort_order(const std::string& name) {
  static const std::map<std::string, SortOrder> kOrders{
      {"none", SortOrder::kNone}, {"ascend", SortOrder::kAscend}, {"descend", SortOrder::kDescend}};
  return kOrders.at(name);
}

class Runner {
 public:
  std::string run(const std::vector<std::string>& lines) {
    const Words words(lines.front());
    const std::string& name = words.plain.front();
    if (name == "put" || name == "delete") return run_txn({lines.front()});
    if (name == "txn") return run_txn({lines.begin() + 1, lines.end()});
    if (name == "range") return describe_range(range(*rig_.view(), range_options(words)));
    if (name == "compact") return compact(words, true);
    if (name == "start-compaction") return compact(words, false);
    if (name == "step") return rig_.store().step_compaction(std::stoul(words.at(1))) ? "more\n" : "done\n";
    if (name == "flush") return rig_.flush() ? "flushed\n" : "nothing to flush\n";
    if (name == "restart") rig_.flush();
    if (name == "restart" || name == "kill") return restart();
    if (name == "hash") return hash(Revision(words.number("rev")));
    if (name == "hash-buckets") return hash_buckets();
    if (name == "changes") return list_changes(words);
    if (name == "records") return list_records();
    return "unknown command\n";
  }

 private:
  std::string run_txn(const std::vector<std::string>& ops) {
    std::string output;
    WriteTxn txn = rig_.store().begin();
    for (const std::string& op : ops) {
      const Words words(op);
      if (words.at(0) == "put") txn.put(words.at(1), words.at(2), LeaseId(words.number("lease")));
      if (words.at(0) == "delete") output += "deleted " + std::to_string(txn.delete_range(words.at(1), words.at(2)).size()) + "\n";
      if (words.at(0) == "range") output += describe_range(txn.range(range_options(words)));
    }
    return output + "revision " + std::to_string(txn.commit().value) + "\n";
  }

  RangeOptions range_options(const Words& words) {
    key_ = words.at(1);
    end_ = words.at(2);
    RangeOptions options{.key = key_, .range_end = end_};
    options.limit = words.number("limit");
    options.revision = Revision(words.number("rev"));
    options.keys_only = words.options.contains("keys-only");
    options.count_only = words.options.contains("count-only");
    options.min_mod_revision = Revision(words.number("min-mod"));
    options.max_mod_revision = Revision(words.number("max-mod"));
    options.min_create_revision = Revision(words.number("min-create"));
    options.max_create_revision = Revision(words.number("max-create"));
    if (const auto sort = words.options.find("sort"); sort != words.options.end()) {
      const std::size_t colon = sort->second.find(':');
      options.sort_target = sort_target(sort->second.substr(0, colon));
      options.sort_order = sort_order(sort->second.substr(colon + 1));
    }
    return options;
  }

  static std::string describe_range(const Result<RangeResult>& result) {
    if (!result) return describe_error(result.error());
    std::string output = "count=" + std::to_string(result->count) + (result->more ? " more" : "") + "\n";
    for (const std::string_view kv : result->kvs) output += describe_kv(kv);
    return output;
  }

  std::string compact(const Words& words, bool finish) {
    const Revision revision(std::stoll(words.at(1)));
    const Revision previous = rig_.store().compact_revision();
    const Status status = rig_.store().compact(revision);
    if (!status) return describe_error(status.error());
    compaction_hashes_[revision] = finish_hash(KeySpaceHash::of_compaction(rig_.view(), revision, previous)).value();
    if (finish) rig_.finish_compaction();
    return "ok\n";
  }

  std::string restart() {
    compaction_hashes_.clear();
    rig_.restart();
    std::string output = "revision " + std::to_string(rig_.store().revision().value) + "\n";
    std::map<std::string, std::int64_t> leases;
    for (const LeaseAttachment& one : rig_.store().take_restored_leases()) leases[escape(one.key)] = one.lease.value;
    for (const auto& [key, lease] : leases) output += "lease " + std::to_string(lease) + " " + key + "\n";
    return output;
  }

  static Result<HashKv> finish_hash(KeySpaceHash hash) {
    for (;;) {
      TRY_ASSIGN(const bool done, hash.step(3));
      if (done) return hash.result();
    }
  }

  // As etcd gives it: what the compaction at `revision` left, or else from the state.
  Result<HashKv> find_hash(Revision revision) {
    if (const auto stored = compaction_hashes_.find(revision); stored != compaction_hashes_.end()) {
      HashKv hash = stored->second;
      hash.current_revision = rig_.store().revision();
      return hash;
    }
    TRY_ASSIGN(KeySpaceHash hash, KeySpaceHash::begin(rig_.view(), revision));
    return finish_hash(std::move(hash));
  }

  std::string hash(Revision revision) {
    const auto found = find_hash(revision);
    if (!found) return describe_error(found.error());
    std::ostringstream out;
    out << "hash=" << found->hash << " revision=" << found->revision << " compact-revision=" << found->compact_revision
        << " current-revision=" << found->current_revision << "\n";
    return out.str();
  }

  std::string hash_buckets() {
    rig_.flush();
    BucketsHash hash(rig_.db().begin_read());
    for (;;) {
      const auto done = hash.step(3);
      if (!done) return describe_error(done.error());
      if (*done) return "hash=" + std::to_string(hash.result()) + "\n";
    }
  }

  static std::string describe_change(const ChangeId& id, std::string_view kv) {
    std::ostringstream out;
    out << id.revision.main << "_" << id.revision.sub << (id.tombstone ? " delete " : " put ") << describe_kv(kv);
    return out.str();
  }

  std::string list_changes(const Words& words) {
    std::string output;
    const ReadViewRef view = rig_.view();
    ChangesCursor cursor = changes(*view, Revision(std::stoll(words.at(1))), Revision(std::stoll(words.at(2))));
    while (const auto change = cursor.next()) output += describe_change(change->id, change->kv);
    return cursor.status() ? output : describe_error(cursor.status().error());
  }

  std::string list_records() {
    std::string output;
    const bolt::ReadTx tx = rig_.db().begin_read();
    const auto keys = *tx.bucket(bolt::schema::kKey);
    if (!keys) return output;
    bolt::Cursor cursor = keys->cursor();
    for (cursor.first(); cursor.valid(); cursor.next()) {
      output += describe_change(*parse_revision_key(cursor.key()), cursor.value());
    }
    return output;
  }

  StoreRig rig_{StoreOptions{.compaction_deletes_per_flush = 2}};
  std::string key_, end_;  // of the range being run
  std::map<Revision, HashKv> compaction_hashes_;
};

std::vector<std::string> scripts_in(const std::string& folder) {
  std::vector<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".txt") paths.push_back(entry.path().string());
  }
  return paths;
}

void run_scripts(const std::string& folder) {
  const std::vector<std::string> paths = scripts_in(folder);
  ASSERT_FALSE(paths.empty()) << folder;
  for (const std::string& path : paths) {
    Runner runner;
    EXPECT_EQ(base::testing::run_script(path, [&](const auto& lines) { return runner.run(lines); }), "");
  }
}

TEST(StoreScripts, EtcdsOwnStoreGivesTheSameOutput) { run_scripts("testdata/etcd"); }
TEST(StoreScripts, TheDbGoesThroughTheseStates) { run_scripts("testdata"); }

}  // namespace
}  // namespace etcd::mvcc::testing
