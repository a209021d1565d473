// TxnResponse, built from the inside out: each operation's response is known when it has run, the header when all have.
#pragma once

#include "apply/request.h"
#include "apply/response.h"
#include "base/bytes.h"

namespace etcd::apply {

// Appends one ResponseOp to the `responses` of a TxnResponse; kNone makes an empty one.
void append_response_op(base::Rope& responses, TxnOp::Kind kind, base::Rope response);
base::Rope encode_txn_response(const ResponseHeader& header, bool succeeded, base::Rope responses);

}  // namespace etcd::apply
