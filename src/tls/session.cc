#include "tls/session.h"

#include <openssl/err.h>

#include <algorithm>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/check.h"
#include "base/go_text.h"
#include "base/hex.h"
#include "tls/loaded.h"
#include "tls/namesake.h"
#include "tls/socket_bio.h"
#include "tls/words.h"

namespace etcd::tls {

namespace {

std::string errno_text(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

Session* session_of(const SSL* ssl) { return static_cast<Session*>(SSL_get_app_data(ssl)); }

}  // namespace

void Session::FreeSsl::operator()(SSL* ssl) const { SSL_free(ssl); }

Session::Session(std::shared_ptr<const Loaded> loaded, int fd, bool accepts)
    : loaded_(std::move(loaded)), ssl_(SSL_new(loaded_->ssl.get())) {
  CHECK(ssl_ != nullptr);
  BIO* const socket = new_socket_bio(loaded_->socket.get(), fd);
  SSL_set_bio(ssl_.get(), socket, socket);
  SSL_set_app_data(ssl_.get(), this);
  accepts ? SSL_set_accept_state(ssl_.get()) : SSL_set_connect_state(ssl_.get());
}

Session::~Session() { close_output(); }

void Session::offer_http2() {
  constexpr unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_set_alpn_protos(ssl_.get(), kHttp2, sizeof kHttp2);
}

Session::Outcome Session::handshake() {
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  return result == 1 ? Outcome::kDone : outcome_of(result);
}

// Without the check for what is left inside, each call would end in one vain question to the socket.
Session::Transfer Session::read(std::span<char> out) {
  std::size_t total = 0;
  while (total < out.size()) {
    std::size_t count = 0;
    ERR_clear_error();
    const int result = SSL_read_ex(ssl_.get(), out.data() + total, out.size() - total, &count);
    if (result != 1) {
      if (total > 0) break;  // the next call meets it again
      return {outcome_of(result)};
    }
    total += count;
    if (!has_input()) break;
  }
  return {Outcome::kDone, total};
}

Session::Transfer Session::write(std::span<const char> bytes) {
  std::size_t count = 0;
  ERR_clear_error();
  const int result = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &count);
  if (result != 1) return {outcome_of(result)};
  return {Outcome::kDone, count};
}

void Session::close_output() {
  if (broken_ || SSL_is_init_finished(ssl_.get()) == 0) return;
  if ((SSL_get_shutdown(ssl_.get()) & SSL_SENT_SHUTDOWN) != 0) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

bool Session::has_input() const { return SSL_has_pending(ssl_.get()) == 1; }

std::string Session::server_name() const {
  const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  return name == nullptr ? "" : name;
}

Session::Outcome Session::outcome_of(int result) {
  const int system_error = errno;
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ: return Outcome::kWantsInput;
    case SSL_ERROR_WANT_WRITE: return Outcome::kWantsOutput;
    case SSL_ERROR_ZERO_RETURN:
      error_ = "EOF";
      return Outcome::kEnded;
    case SSL_ERROR_SYSCALL:
      error_ = system_error == 0 ? "EOF" : errno_text(system_error);
      break;
    default:
      if (error_.empty()) error_ = take_error();
      break;
  }
  broken_ = true;
  ERR_clear_error();
  return Outcome::kFailed;
}

// ---- The other end's certificate

int verify_chain(X509_STORE_CTX* store, void*) {
  const void* const ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
  return session_of(static_cast<const SSL*>(ssl))->verify(store) ? 1 : 0;
}

bool Session::verify(X509_STORE_CTX* store) {
  const Settings& settings = loaded_->settings;
  shown_ = describe(X509_STORE_CTX_get0_cert(store));
  if (SSL_is_server(ssl_.get()) == 0 && !settings.verify_server) return true;
  accept_namesakes_of_issuers(store);
  if (X509_verify_cert(store) <= 0) {
    error_ = chain_error(store);
    if (X509_STORE_CTX_get_error(store) == X509_V_OK) X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
    return false;
  }
  verified_ = check_shown(store);
  return verified_;
}

// The chain is good; is it the right one?
bool Session::check_shown(X509_STORE_CTX* store) {
  const Settings& settings = loaded_->settings;
  const STACK_OF(X509)* const chain = X509_STORE_CTX_get0_chain(store);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    const std::string serial = serial_of(sk_X509_value(chain, i));
    if (!loaded_->revoked.contains(serial)) continue;
    return refuse(store, X509_V_ERR_CERT_REVOKED, "transport: certificate serial " + base::to_hex(serial) + " revoked");
  }
  if (!expected_name_.empty()) {
    const Status matches = check_host(*shown_, expected_name_);
    if (!matches) {
      return refuse(store, X509_V_ERR_HOSTNAME_MISMATCH, "tls: failed to verify certificate: " + matches.error().detail);
    }
  }
  const auto has_name = [&](const std::string& name) { return shown_->common_name == name; };
  const auto is_for = [&](const std::string& host) { return check_host(*shown_, host).has_value(); };
  const auto& names = settings.allowed_common_names;
  const auto& hosts = settings.allowed_hostnames;
  if ((names.empty() || std::ranges::any_of(names, has_name)) && (hosts.empty() || std::ranges::any_of(hosts, is_for))) {
    return true;
  }
  return refuse(store, X509_V_ERR_CERT_REJECTED, "client certificate authentication failed");
}

bool Session::refuse(X509_STORE_CTX* store, int code, std::string why) {
  X509_STORE_CTX_set_error(store, code);
  error_ = std::move(why);
  return false;
}

int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                    unsigned int offered_size, void*) {
  const Session::Protocols known = session_of(ssl)->protocols_;
  const std::string_view all(reinterpret_cast<const char*>(offered), offered_size);
  std::string_view http2;
  std::string_view http1;
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t length = static_cast<unsigned char>(rest[0]);
    const std::string_view name = rest.substr(1, length);
    if (name == "h2") http2 = name;
    if (name == "http/1.1") http1 = name;
    rest.remove_prefix(std::min(rest.size(), length + 1));
  }
  const std::string_view choice = known.http2 && !http2.empty() ? http2 : known.http1 ? http1 : std::string_view();
  if (choice.empty()) return http1.empty() && http2.empty() ? SSL_TLSEXT_ERR_ALERT_FATAL : SSL_TLSEXT_ERR_NOACK;
  *chosen = reinterpret_cast<const unsigned char*>(choice.data());
  *size = static_cast<unsigned char>(choice.size());
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace etcd::tls
