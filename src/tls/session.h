// Session: one end of a TLS connection over a non-blocking socket: handshake, then bytes. OpenSSL beneath.
//
// Owner: one at a time, on any thread; may be handed on between calls. Nothing blocks. Invariants: what a session has
// been given by its context lasts as long as it, whatever becomes of the files; no byte is read or written before the
// other end's certificate has passed all checks that need no name service. Renegotiation is refused, sessions are not
// resumed: each connection proves anew who it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "tls/certificate.h"

typedef struct ssl_st SSL;
typedef struct x509_store_ctx_st X509_STORE_CTX;

namespace etcd::tls {

struct Loaded;

class Session {
 public:
  // kEnded: the other end has closed its side in good order. kFailed: broken for good, see error().
  enum class Outcome : std::uint8_t { kDone, kWantsInput, kWantsOutput, kEnded, kFailed };
  struct Transfer {
    Outcome outcome;
    std::size_t bytes = 0;  // only with kDone, and then at least 1
  };
  // What a server agrees to (ALPN); a client that offers nothing, or only http/1.1, is let in anyway.
  struct Protocols {
    bool http2 = true;
    bool http1 = true;
  };

  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // A client's, before the handshake: says that HTTP/2 is what it is going to speak, which servers of gRPC ask for.
  void offer_http2();
  // Goes on with it; kDone once both ends are sure of each other.
  Outcome handshake();
  // As many bytes as there are, up to out.size().
  Transfer read(std::span<char> out);
  // Writes a part of `bytes`, one record or so. After kWantsOutput the next call must begin with the same bytes.
  Transfer write(std::span<const char> bytes);
  // Tells the other end that no more will come, if the socket takes it at once.
  void close_output();
  // Bytes wait in here that the socket no longer shows.
  bool has_input() const;

  // Why it failed, in Go's words.
  const std::string& error() const { return error_; }
  // What the other end has shown, verified or not: for logs.
  const std::optional<Certificate>& shown() const { return shown_; }
  // The same if it was verified.
  const Certificate* verified() const { return verified_ ? &*shown_ : nullptr; }
  // The name that the client has asked for (SNI).
  std::string server_name() const;

 private:
  friend class Context;
  friend int verify_chain(X509_STORE_CTX* store, void*);
  friend int choose_protocol(SSL* ssl, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
                             unsigned int offered_size, void*);

  struct FreeSsl {
    void operator()(SSL* ssl) const;
  };

  Session(std::shared_ptr<const Loaded> loaded, int fd, bool accepts);
  Outcome outcome_of(int result);
  bool verify(X509_STORE_CTX* store);
  bool check_shown(X509_STORE_CTX* store);
  bool refuse(X509_STORE_CTX* store, int code, std::string why);

  std::shared_ptr<const Loaded> loaded_;
  std::unique_ptr<SSL, FreeSsl> ssl_;
  Protocols protocols_;
  std::string expected_name_;  // a client's; empty: none is expected
  std::optional<Certificate> shown_;
  bool verified_ = false;
  bool broken_ = false;
  std::string error_;
};

}  // namespace etcd::tls
