// Random requests, random users: the list of accesses and its judge against a model that walks the request as a client wrote it,
// operation by operation, and looks at every key.
#include <gtest/gtest.h>

#include <random>

#include "apply/accesses.h"
#include "apply/testing/encode.h"
#include "auth/testing/store_rig.h"
#include "lease/lessor.h"

namespace etcd::apply {
namespace {

using auth::PermissionType;
using testing::TxnBuilder;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kRequests = 30'000;
#else
constexpr int kRequests = 1'000'000;
#endif

const std::string kZero(1, '\0');
// Where ranges begin and end. Between two neighbours in kPoints every key behaves alike.
const std::vector<std::string> kKeys = {"a", "b", "b" + kZero, "bb", "c", "d", "e"};
const std::vector<std::string> kPoints = {"a", "a" + kZero, "b", "b" + kZero, "b" + kZero + kZero, "bb", "bb" + kZero,
                                          "c", "c" + kZero, "d", "d" + kZero, "e", "e" + kZero};

bool contains(const std::string& key, const std::string& end, const std::string& point) {
  if (end.empty()) return point == key;
  return point >= key && (end == kZero || point < end);
}

struct Grant {
  PermissionType type;
  std::string key;
  std::string end;
};

struct ModelUser {
  std::string name;
  bool is_root = false;
  std::vector<Grant> grants;

  bool may(bool write, const std::string& key, const std::string& end) const {
    if (is_root) return true;
    for (const std::string& point : kPoints) {
      if (!contains(key, end, point)) continue;
      bool found = false;
      for (const Grant& grant : grants) {
        const bool fits = grant.type == PermissionType::kReadWrite || (grant.type == PermissionType::kWrite) == write;
        found = found || (fits && contains(grant.key, grant.end, point));
      }
      if (!found) return false;
    }
    return true;
  }
};

class World {
 public:
  explicit World(unsigned seed) : random_(seed) {
    for (int i = 0; i < 6; ++i) add_user("u" + std::to_string(i));
    users_.push_back({.name = "root", .is_root = true, .grants = {}});
    rig_.enable();
    for (int lease = 1; lease <= 3; ++lease) {
      EXPECT_TRUE(lessor_.grant(LeaseId(lease), 60, 0, rig_.changes));
      for (std::size_t i = 0; i < leased_.size(); ++i) {
        if (below(3) != 0 || lessor_.lease_of(kKeys[i]) != LeaseId(0)) continue;
        lessor_.attach(kKeys[i], LeaseId(lease));
        leased_[i] = lease;
      }
    }
  }

  void judge_one() {
    const ModelUser& user = users_[below(users_.size())];
    std::string request;
    bool expected = true;
    const AnyRequest decoded = any_request(user, request, expected);
    Accesses accesses;
    append_accesses(decoded, &lessor_, accesses);
    const auth::Who who(user.name, rig_.store.revision());
    ASSERT_EQ(rig_.store.view()->check(who, accesses).has_value(), expected) << user.name;
  }

 private:
  std::size_t below(std::size_t bound) { return random_() % bound; }
  std::string key() { return kKeys[below(kKeys.size())]; }
  // A proper end for a range from `begin`, or none.
  std::string end_after(const std::string& begin) {
    const std::size_t choice = below(4);
    if (choice == 0) return "";
    if (choice == 1 && below(4) == 0) return kZero;
    const std::string end = key();
    return end > begin ? end : "";
  }

  void add_user(const std::string& name) {
    ModelUser user{.name = name, .is_root = false, .grants = {}};
    rig_.add_user(name);
    for (const std::string& role : {name + "-1", name + "-2"}) {
      rig_.add_role(role);
      rig_.grant_role(name, role);
      for (std::size_t n = below(5); n > 0; --n) {
        Grant grant{static_cast<PermissionType>(below(3)), key(), ""};
        grant.end = end_after(grant.key);
        // A grant of the same range would replace the one before.
        bool known = false;
        for (const Grant& other : user.grants) known = known || (other.key == grant.key && other.end == grant.end);
        if (known) continue;
        rig_.grant(role, grant.type, grant.key, grant.end);
        user.grants.push_back(grant);
      }
    }
    users_.push_back(std::move(user));
  }

  // Each of these makes a request, and tells in `expected` whether the user may do it too.

  RangeRequest any_range(const ModelUser& user, std::deque<std::string>& kept, bool& expected) {
    const std::string& begin = kept.emplace_back(key());
    const std::string& end = kept.emplace_back(end_after(begin));
    expected = expected && user.may(false, begin, end);
    return {.key = begin, .range_end = end};
  }
  PutRequest any_put(const ModelUser& user, std::deque<std::string>& kept, bool& expected) {
    const std::string& at = kept.emplace_back(key());
    PutRequest put{.key = at, .value = "", .lease = LeaseId(static_cast<std::int64_t>(below(8))), .prev_kv = below(3) == 0};
    expected = expected && user.may(true, at, "") && (!put.prev_kv || user.may(false, at, ""));
    expected = expected && may_write_keys_of(user, put.lease);
    return put;
  }
  DeleteRangeRequest any_delete(const ModelUser& user, std::deque<std::string>& kept, bool& expected) {
    const std::string& begin = kept.emplace_back(key());
    const std::string& end = kept.emplace_back(end_after(begin));
    const bool prev_kv = below(3) == 0;
    expected = expected && user.may(true, begin, end) && (!prev_kv || user.may(false, begin, end));
    return {.key = begin, .range_end = end, .prev_kv = prev_kv};
  }
  bool may_write_keys_of(const ModelUser& user, LeaseId lease) const {
    for (std::size_t i = 0; i < leased_.size(); ++i) {
      if (lease.value != 0 && leased_[i] == lease.value && !user.may(true, kKeys[i], "")) return false;
    }
    return true;
  }
  TxnBuilder any_txn(const ModelUser& user, std::deque<std::string>& kept, bool& expected, int depth) {
    TxnBuilder txn;
    if (below(3) == 0) {
      const RangeRequest looked_at = any_range(user, kept, expected);
      Compare compare;
      compare.key = looked_at.key;
      compare.range_end = looked_at.range_end;
      txn.compare(compare);
    }
    for (std::size_t n = below(3); n > 0; --n) {
      const auto place = [&](const auto& op) { below(2) == 0 ? txn.success(op) : txn.failure(op); };
      switch (below(depth < 3 ? 4 : 3)) {
        case 0:
          place(any_range(user, kept, expected));
          break;
        case 1:
          place(any_put(user, kept, expected));
          break;
        case 2:
          place(any_delete(user, kept, expected));
          break;
        default:
          place(any_txn(user, kept, expected, depth + 1));
      }
    }
    return txn;
  }

  AnyRequest any_request(const ModelUser& user, std::string& bytes, bool& expected) {
    std::deque<std::string>& kept = kept_;
    kept.clear();
    switch (below(6)) {
      case 0:
        bytes = testing::encode(any_range(user, kept, expected));
        return decode_range(bytes).value();
      case 1:
        bytes = testing::encode(any_put(user, kept, expected));
        return decode_put(bytes).value();
      case 2:
        bytes = testing::encode(any_delete(user, kept, expected));
        return decode_delete_range(bytes).value();
      case 3: {
        const LeaseId lease(static_cast<std::int64_t>(below(5)));
        expected = may_write_keys_of(user, lease);
        return LeaseRevokeRequest{lease};
      }
      default:
        bytes = any_txn(user, kept, expected, 0).bytes();
        return decode_txn(bytes).value();
    }
  }

  std::mt19937 random_;
  auth::testing::StoreRig rig_;
  lease::Lessor lessor_;
  std::vector<ModelUser> users_;
  std::vector<std::int64_t> leased_ = std::vector<std::int64_t>(kKeys.size(), 0);
  std::deque<std::string> kept_;
};

TEST(Accesses, AgreeWithAModelThatLooksAtEveryKeyOfEveryOperation) {
  constexpr int kWorlds = 30;
  for (unsigned seed = 0; seed < kWorlds; ++seed) {
    World world(seed);
    for (int i = 0; i < kRequests / kWorlds; ++i) ASSERT_NO_FATAL_FAILURE(world.judge_one()) << "seed " << seed << ", request " << i;
  }
}

}  // namespace
}  // namespace etcd::apply
