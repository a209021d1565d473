// StoreRig: a Store and the db that its changes go to, for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "auth/base64.h"
#include "auth/store.h"
#include "base/testing/crash_fs.h"
#include "bolt/db.h"
#include "bolt/schema.h"

namespace etcd::auth::testing {

class StoreRig {
 public:
  StoreRig() {
    bolt::Options options;
    options.map_bytes = 64 << 20;
    options.growth_bytes = 64 * 1024;
    auto opened = bolt::Db::open(disk_, "/db", options);
    EXPECT_TRUE(opened);
    db_ = std::move(*opened);
    store = load();
  }

  // What a restart finds: everything is written, and read again.
  Store load() {
    write();
    auto loaded = Store::load(db_->begin_read(), changes);
    EXPECT_TRUE(loaded);
    write();
    return std::move(*loaded);
  }
  void write() {
    auto tx = db_->begin_write();
    ASSERT_TRUE(tx);
    for (const std::string_view name : bolt::schema::kAll) ASSERT_TRUE(tx->create_bucket_if_missing(name));
    for (const bolt::Write& write : changes.writes()) {
      bolt::Bucket* bucket = *tx->bucket(write.bucket);
      if (write.value) {
        ASSERT_TRUE(bucket->put(write.key, write.value->view()));
      } else {
        ASSERT_TRUE(bucket->erase(write.key));
      }
    }
    ASSERT_TRUE(tx->commit());
    changes = {};
  }
  // "" for a record that is not there.
  std::string record(std::string_view bucket, std::string_view key) {
    write();
    const bolt::ReadTx db = db_->begin_read();
    const auto value = (*db.bucket(bucket))->get(key);
    return value && *value ? std::string(**value) : "";
  }

  // Shorthand; these must succeed.
  void add_user(std::string_view name, std::string_view hash = "hash") {
    EXPECT_TRUE(store.add_user({.name = name, .password = "", .options = UserOptions(), .hashed_password = base64_encode(hash)}, changes));
  }
  void add_role(std::string_view name) { EXPECT_TRUE(store.add_role(name, changes)); }
  void grant_role(std::string_view user, std::string_view role) { EXPECT_TRUE(store.grant_role({user, role}, changes)); }
  void grant(std::string_view role, PermissionType type, std::string_view key, std::string_view range_end = "") {
    EXPECT_TRUE(store.grant_permission({.role = role, .permission = {{type, key, range_end}}}, changes));
  }
  // With a user root who has the role root.
  void enable() {
    add_user("root");
    grant_role("root", "root");
    EXPECT_TRUE(store.enable(changes));
  }

  Store store;
  bolt::WriteBatch changes;

 private:
  base::CrashFs disk_;
  std::unique_ptr<bolt::Db> db_;
};


}  // namespace etcd::auth::testing
