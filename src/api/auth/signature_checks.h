// SignatureChecks: verifies signed tokens where nobody else waits: with RSA or elliptic curves that takes some 20 to 1000 us, which a stranger could
// have a loop spend on every request.
//
// Work is done in order on the thread behind `elsewhere`; no more than kMaxWaiting of it waits, so that a flood of wrong tokens costs those whose tokens
// are known nothing. Any thread; answers come on the asker's loop.
#pragma once

#include <string>
#include <utility>

#include "api/auth/elsewhere.h"
#include "api/auth/tokens.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "rpc/loop.h"

namespace etcd::api {

class SignatureChecks {
 public:
  static constexpr int kMaxWaiting = 1024;

  // `elsewhere`: a thread that is there for them, see Elsewhere. All must outlive it.
  SignatureChecks(const Tokens& tokens, Elsewhere::Run elsewhere) : tokens_(tokens), elsewhere_(std::move(elsewhere), kMaxWaiting) {}

  // False: whoever needs to know what a token says had better verify it on the spot.
  bool are_worthwhile() const { return elsewhere_.exists() && tokens_.are_signed() && !tokens_.are_cheap_to_read(); }
  // `done` gets what Tokens::read_signed() gives, or, within the call, kTooManyRequests. On the loop's thread.
  void check(std::string token, rpc::Loop& loop, base::UniqueFunction<void(Result<Tokens::Verified>)> done);

 private:
  const Tokens& tokens_;
  Elsewhere elsewhere_;
};

}  // namespace etcd::api
