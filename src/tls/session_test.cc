#include "tls/session.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "base/log.h"
#include "tls/context.h"
#include "tls/openssl.h"
#include "tls/testing/authority.h"
#include "tls/testing/both_ends.h"

namespace etcd::tls {
namespace {

using Outcome = Session::Outcome;
using testing::Authority;
using testing::BothEnds;
using testing::Pair;

class Sessions : public ::testing::Test {
 protected:
  Settings with(const Pair& own) const {
    Settings settings;
    settings.cert_file = own.cert_file;
    settings.key_file = own.key_file;
    return settings;
  }
  // Shows `pair`, and believes this authority.
  Settings trusting(const Pair& own) const {
    Settings settings = with(own);
    settings.trusted_ca_file = authority.ca_file();
    return settings;
  }
  Settings trusting() const { return trusting({}); }

  static std::shared_ptr<Context> open(Role role, const Settings& settings) {
    auto context = Context::open(role, settings, {}, base::system_clock(), base::null_logger());
    EXPECT_TRUE(context) << context.error().detail;
    return *context;
  }

  void meet(const Settings& server, const Settings& client, const std::string& name = "localhost") {
    ends.shake_hands(*open(Role::kServer, server), *open(Role::kClient, client), name);
  }

  testing::TemporaryFolder folder;
  Authority authority{folder};
  Pair pair = authority.issue("server");
  BothEnds ends;
};

TEST_F(Sessions, BothEndsTalk) {
  meet(with(pair), trusting());
  EXPECT_EQ(ends.server_outcome, Outcome::kDone);
  EXPECT_EQ(ends.client_outcome, Outcome::kDone);
  EXPECT_TRUE(ends.talk());
  EXPECT_EQ(ends.server->server_name(), "localhost");
  EXPECT_EQ(ends.server->verified(), nullptr);
}

TEST_F(Sessions, AVerifiedClientIsKnownByItsName) {
  meet(trusting(pair), trusting(authority.issue("client", {.common_name = "alice", .names = {}})));
  ASSERT_TRUE(ends.talk());
  ASSERT_NE(ends.server->verified(), nullptr);
  EXPECT_EQ(ends.server->verified()->common_name, "alice");
}

TEST_F(Sessions, ACertificateThatBearsItsIssuersNameIsVerifiedByTheSignature) {
  meet(trusting(authority.issue("namesake", {.common_name = "ca"})), trusting(authority.issue("other", {.common_name = "ca"})));
  EXPECT_TRUE(ends.talk()) << ends.client->error() << ends.server->error();
  ASSERT_NE(ends.server->verified(), nullptr);
  EXPECT_EQ(ends.server->verified()->common_name, "ca");
}

TEST_F(Sessions, ANamesakeOfATrustedCaIsRefusedUnlessThatHasSignedIt) {
  testing::TemporaryFolder elsewhere;
  meet(trusting(pair), trusting(Authority(elsewhere).issue("client", {.common_name = "ca"})));
  EXPECT_EQ(ends.server_outcome, Outcome::kFailed);
  EXPECT_NE(ends.server->error().find("certificate signed by unknown authority"), std::string::npos) << ends.server->error();
}

TEST_F(Sessions, ANamesakeOfItsIssuerIsCheckedAsAnyOther) {
  for (const testing::Subject& subject : {testing::Subject{.common_name = "ca", .valid_days = -1}, {.common_name = "ca", .is_for_clients = false}}) {
    BothEnds strangers;
    strangers.shake_hands(*open(Role::kServer, trusting(pair)), *open(Role::kClient, trusting(authority.issue("client", subject))));
    EXPECT_EQ(strangers.server_outcome, Outcome::kFailed);
  }
}

// As soon as a CA is named, without client_cert_auth.
TEST_F(Sessions, AClientWithoutACertificateIsRefusedWhereACaIsGiven) {
  meet(trusting(pair), trusting());
  EXPECT_EQ(ends.server_outcome, Outcome::kFailed);
  EXPECT_EQ(ends.server->error(), "tls: client didn't provide a certificate");
  EXPECT_FALSE(ends.talk());
  EXPECT_EQ(ends.client->error(), "remote error: tls: certificate required");
}

TEST_F(Sessions, ACertificateOfAnotherAuthorityIsRefused) {
  Authority other(folder, "other");
  meet(trusting(pair), trusting(other.issue("client")));
  EXPECT_EQ(ends.server_outcome, Outcome::kFailed);
  EXPECT_EQ(ends.server->error(), "tls: failed to verify certificate: x509: certificate signed by unknown authority");
  EXPECT_EQ(ends.server->verified(), nullptr);
  EXPECT_TRUE(ends.server->shown());
}

TEST_F(Sessions, AnExpiredCertificateIsRefused) {
  meet(trusting(pair), trusting(authority.issue("client", {.valid_days = -2})));
  EXPECT_EQ(ends.server_outcome, Outcome::kFailed);
  EXPECT_TRUE(ends.server->error().starts_with(
      "tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time "))
      << ends.server->error();
}

TEST_F(Sessions, ACertificateForServersIsNoneForClients) {
  meet(trusting(pair), trusting(authority.issue("client", {.is_for_clients = false})));
  EXPECT_EQ(ends.server_outcome, Outcome::kFailed);
  EXPECT_EQ(ends.server->error(), "tls: failed to verify certificate: x509: certificate specifies an incompatible key usage");
}

TEST_F(Sessions, ARevokedCertificateIsRefused) {
  const Pair revoked = authority.issue("revoked");
  Settings server = trusting(pair);
  server.crl_file = authority.revoke("list.crl", {revoked.cert_file});
  meet(server, trusting(revoked));
  EXPECT_EQ(ends.server_outcome, Outcome::kFailed);
  EXPECT_EQ(ends.server->error(), "transport: certificate serial 66 revoked");
}

TEST_F(Sessions, EveryListOfAFileCounts) {
  const Pair first = authority.issue("first");
  const Pair second = authority.issue("second");
  Settings server = trusting(pair);
  authority.append_revoked("lists.pem", {first.cert_file});
  server.crl_file = authority.append_revoked("lists.pem", {second.cert_file});
  for (const Pair& revoked : {first, second}) {
    BothEnds both;
    both.shake_hands(*open(Role::kServer, server), *open(Role::kClient, trusting(revoked)), "localhost");
    EXPECT_EQ(both.server_outcome, Outcome::kFailed);
    EXPECT_TRUE(both.server->error().ends_with("revoked")) << both.server->error();
  }
  meet(server, trusting(authority.issue("client")));
  EXPECT_TRUE(ends.talk());
}

TEST_F(Sessions, AFileThatBreaksOffWithinALaterListIsRefused) {
  Settings server = trusting(pair);
  authority.append_revoked("lists.pem", {authority.issue("first").cert_file});
  server.crl_file = authority.append_revoked("lists.pem", {authority.issue("second").cert_file});
  std::filesystem::resize_file(server.crl_file, std::filesystem::file_size(server.crl_file) - 40);
  EXPECT_FALSE(Context::open(Role::kServer, server, {}, base::system_clock(), base::null_logger()).has_value());
}

TEST_F(Sessions, AnotherThanTheRevokedOneIsLetIn) {
  Settings server = trusting(pair);
  server.crl_file = authority.revoke("list.crl", {authority.issue("revoked").cert_file});
  meet(server, trusting(authority.issue("client")));
  EXPECT_TRUE(ends.talk());
}

TEST_F(Sessions, OnlyAllowedCommonNamesAreLetIn) {
  Settings server = trusting(pair);
  server.allowed_common_names = {"bob", "alice"};
  meet(server, trusting(authority.issue("client", {.common_name = "alice"})));
  EXPECT_TRUE(ends.talk());
}

// The client's log has to say so: operators look there.
TEST_F(Sessions, ANameThatIsNotAllowedIsABadCertificate) {
  Settings server = trusting(pair);
  server.allowed_common_names = {"bob"};
  meet(server, trusting(authority.issue("client", {.common_name = "alice"})));
  EXPECT_EQ(ends.server->error(), "client certificate authentication failed");
  EXPECT_EQ(ends.server->verified(), nullptr);
  EXPECT_FALSE(ends.talk());
  EXPECT_EQ(ends.client->error(), "remote error: tls: bad certificate");
}

TEST_F(Sessions, AllowedHostNamesAreComparedWithItsNames) {
  Settings server = trusting(pair);
  server.allowed_hostnames = {"m1.example.org"};
  meet(server, trusting(authority.issue("client", {.names = {"DNS:*.example.org"}})));
  EXPECT_TRUE(ends.talk());
}

TEST_F(Sessions, AHostNameThatIsNotAllowedIsRefused) {
  Settings server = trusting(pair);
  server.allowed_hostnames = {"m1.example.org"};
  meet(server, trusting(authority.issue("client", {.names = {"DNS:m2.example.org"}})));
  EXPECT_EQ(ends.server->error(), "client certificate authentication failed");
}

// Of members: the list holds for the ones that are dialled, too.
TEST_F(Sessions, ADialledServerMustHaveAnAllowedName) {
  Settings client = trusting();
  client.allowed_common_names = {"bob"};
  meet(with(pair), client);
  EXPECT_EQ(ends.client_outcome, Outcome::kFailed);
  EXPECT_EQ(ends.client->error(), "client certificate authentication failed");
}

TEST_F(Sessions, AServerMustBeWhoWasAskedFor) {
  meet(with(pair), trusting(), "other.example.org");
  EXPECT_EQ(ends.client_outcome, Outcome::kFailed);
  EXPECT_EQ(ends.client->error(),
            "tls: failed to verify certificate: x509: certificate is valid for localhost, not other.example.org");
}

TEST_F(Sessions, AServerMayBeAskedForByAddress) {
  meet(with(pair), trusting(), "127.0.0.1");
  EXPECT_TRUE(ends.talk());
  EXPECT_EQ(ends.server->server_name(), "");
}

TEST_F(Sessions, WithCertificatesMadeAtStartAnyServerWillDo) {
  Settings client = with(pair);
  client.verify_server = false;
  meet(with(pair), client, "other.example.org");
  EXPECT_TRUE(ends.talk());
}

TEST_F(Sessions, AVersionBelowTheLowestIsRefused) {
  Settings server = with(pair);
  server.lowest = Version::kTls13;
  Settings client = trusting();
  client.highest = Version::kTls12;
  meet(server, client);
  EXPECT_EQ(ends.server_outcome, Outcome::kFailed);
  EXPECT_EQ(ends.server->error(), "tls: client offered only unsupported versions");
}

TEST_F(Sessions, WithoutACommonCipherThereIsNoConnection) {
  Settings server = with(pair);
  server.highest = Version::kTls12;
  server.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"};
  Settings client = trusting();
  client.cipher_suites = {"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"};
  meet(server, client);
  EXPECT_EQ(ends.server->error(), "tls: no cipher suite supported by both client and server");
}

TEST_F(Sessions, WhatIsNoHandshakeIsToldAsSuch) {
  const auto context = open(Role::kServer, with(pair));
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets), 0);
  const auto session = context->accept(sockets[0], {});
  ASSERT_EQ(send(sockets[1], "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
  EXPECT_EQ(session->handshake(), Outcome::kFailed);
  EXPECT_EQ(session->error(), "tls: first record does not look like a TLS handshake");
}

// A client that asks for new keys again and again would cost a server an exponentiation each time (CVE-2011-1473).
TEST_F(Sessions, RenegotiationIsRefused) {
  Settings server = with(pair);
  server.highest = Version::kTls12;
  const auto context = open(Role::kServer, server);
  int sockets[2];
  ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets), 0);
  const auto session = context->accept(sockets[0], {});
  const SslContextPtr strangers(SSL_CTX_new(TLS_client_method()));
  const SslPtr stranger(SSL_new(strangers.get()));
  SSL_set_fd(stranger.get(), sockets[1]);
  SSL_set_connect_state(stranger.get());
  Outcome outcome = Outcome::kWantsInput;
  for (int round = 0; round < 10; ++round) {
    SSL_do_handshake(stranger.get());
    if (outcome != Outcome::kDone) outcome = session->handshake();
  }
  ASSERT_EQ(outcome, Outcome::kDone);
  ASSERT_EQ(SSL_renegotiate(stranger.get()), 1);
  std::array<char, 100> got{};
  for (int round = 0; round < 10; ++round) {
    EXPECT_NE(SSL_do_handshake(stranger.get()), 1);
    EXPECT_NE(session->read(got).outcome, Outcome::kDone);
  }
}

TEST_F(Sessions, ALongTextArrivesWholeThroughASocketThatBlocks) {
  meet(with(pair), trusting());
  std::string text(3'000'000, 'x');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);
  std::string got;
  std::vector<char> buffer(100'000);
  bool blocked = false;
  for (std::size_t sent = 0; got.size() < text.size();) {
    if (sent < text.size()) {
      const auto put = ends.client->write(std::span(text).subspan(sent));
      blocked = blocked || put.outcome == Outcome::kWantsOutput;
      sent += put.bytes;
      if (put.outcome == Outcome::kDone) continue;
    }
    const auto read = ends.server->read(buffer);
    ASSERT_EQ(read.outcome, Outcome::kDone);
    got.append(buffer.data(), read.bytes);
  }
  EXPECT_TRUE(blocked);
  EXPECT_EQ(got, text);
}

// A reader with a small buffer would wait for ever for an event of a socket that is empty.
TEST_F(Sessions, InputThatIsLeftInsideIsTold) {
  meet(with(pair), trusting());
  ASSERT_EQ(ends.client->write(std::string_view("0123456789")).bytes, 10U);
  std::array<char, 4> part{};
  EXPECT_EQ(ends.server->read(part).bytes, 4U);
  EXPECT_TRUE(ends.server->has_input());
  EXPECT_EQ(ends.server->read(part).bytes, 4U);
  EXPECT_EQ(ends.server->read(part).bytes, 2U);
  EXPECT_FALSE(ends.server->has_input());
}

TEST_F(Sessions, AnEndInGoodOrderIsToldAsSuch) {
  meet(with(pair), trusting());
  ends.client->close_output();
  std::array<char, 4> part{};
  EXPECT_EQ(ends.server->read(part).outcome, Outcome::kEnded);
}

}  // namespace
}  // namespace etcd::tls
