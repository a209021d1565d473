#include "tls/context.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/log.h"
#include "tls/testing/authority.h"
#include "tls/testing/both_ends.h"

namespace etcd::tls {
namespace {

using testing::Authority;
using testing::BothEnds;
using testing::Pair;

class ManualClock : public base::Clock {
 public:
  std::int64_t monotonic_ns() override { return now_ns; }
  std::int64_t wall_ns() override { return now_ns; }
  std::int64_t now_ns = 0;
};

class Contexts : public ::testing::Test {
 protected:
  Contexts() {
    settings.cert_file = pair.cert_file;
    settings.key_file = pair.key_file;
    settings.trusted_ca_file = authority.ca_file();
  }

  std::shared_ptr<Context> open() {
    const Context::Events events{.reloaded = [this] { ++reloads; }, .reload_failed = [this] { ++failures; }};
    auto context = Context::open(Role::kServer, settings, events, clock, base::null_logger());
    EXPECT_TRUE(context) << context.error().detail;
    return *context;
  }

  std::string open_error() {
    const auto context = Context::open(Role::kServer, settings, {}, clock, base::null_logger());
    return context ? "" : context.error().detail;
  }

  // Whether a client with this certificate is let in, two seconds later.
  bool lets_in(Context& server, const Pair& client_pair) {
    clock.now_ns += 2'000'000'000;
    Settings client;
    client.cert_file = client_pair.cert_file;
    client.key_file = client_pair.key_file;
    client.verify_server = false;
    const auto context = Context::open(Role::kClient, client, {}, clock, base::null_logger());
    BothEnds ends;
    ends.shake_hands(server, **context);
    return ends.talk();
  }

  void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  testing::TemporaryFolder folder;
  Authority authority{folder};
  Pair pair = authority.issue("server");
  Settings settings;
  ManualClock clock;
  int reloads = 0;
  int failures = 0;
};

TEST_F(Contexts, ANewAuthorityIsTrustedWithoutARestart) {
  const auto context = open();
  Authority other(folder, "other");
  const Pair client = other.issue("client");
  EXPECT_FALSE(lets_in(*context, client));
  std::filesystem::copy_file(other.ca_file(), authority.ca_file(), std::filesystem::copy_options::overwrite_existing);
  EXPECT_TRUE(lets_in(*context, client));
  EXPECT_EQ(reloads, 1);
}

TEST_F(Contexts, AnotherListOfRevokedOnesHoldsFromTheNextConnectionOn) {
  settings.crl_file = authority.revoke("list.crl", {});
  const auto context = open();
  const Pair client = authority.issue("client");
  EXPECT_TRUE(lets_in(*context, client));
  authority.revoke("list.crl", {client.cert_file});
  EXPECT_FALSE(lets_in(*context, client));
  EXPECT_EQ(reloads, 1);
}

TEST_F(Contexts, BrokenFilesLeaveTheOnesBeforeInForce) {
  const auto context = open();
  const Pair client = authority.issue("client");
  write(authority.ca_file(), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  EXPECT_TRUE(lets_in(*context, client));
  EXPECT_TRUE(lets_in(*context, client));
  EXPECT_EQ(failures, 1);  // tried again, told once
  EXPECT_EQ(reloads, 0);
}

TEST_F(Contexts, ACertificateIsExchangedOnceItsKeyIsThere) {
  const auto context = open();
  const Pair client = authority.issue("client");
  const Pair next = authority.issue("next");
  std::filesystem::rename(next.cert_file, pair.cert_file);
  EXPECT_TRUE(lets_in(*context, client));
  EXPECT_EQ(failures, 1);
  std::filesystem::rename(next.key_file, pair.key_file);
  EXPECT_TRUE(lets_in(*context, client));
  EXPECT_EQ(reloads, 1);
}

TEST_F(Contexts, WithinASecondNobodyLooksAgain) {
  const auto context = open();
  write(authority.ca_file(), "");
  BothEnds ends;
  Settings client;
  client.verify_server = false;
  ends.shake_hands(*context, **Context::open(Role::kClient, client, {}, clock, base::null_logger()));
  EXPECT_EQ(failures, 0);
}

TEST_F(Contexts, WhatDoesNotFitTogetherIsRefusedAtTheStart) {
  settings.key_file = authority.issue("other").key_file;
  EXPECT_EQ(open_error(), settings.key_file + ": tls: private key does not match public key");
  settings.key_file = "";
  EXPECT_EQ(open_error(), "KeyFile and CertFile must both be present[key: , cert: " + pair.cert_file + "]");
  settings.key_file = folder.path("none");
  EXPECT_EQ(open_error(), "open " + settings.key_file + ": no such file or directory");
  settings.key_file = pair.cert_file;
  EXPECT_EQ(open_error(), pair.cert_file + ": tls: failed to find any private key in key input");
  settings.key_file = pair.key_file;
  settings.allowed_common_names = {"a"};
  settings.allowed_hostnames = {"b"};
  EXPECT_EQ(open_error(), "AllowedCNs and AllowedHostnames are mutually exclusive");
}

}  // namespace
}  // namespace etcd::tls
