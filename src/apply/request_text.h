// Requests as the log shows them, in protobuf's text form. Values are only counted: they may be secrets.
#pragma once

#include <string>

#include "apply/request.h"

namespace etcd::apply {

std::string describe(const RangeRequest& request);
std::string describe(const PutRequest& request);
std::string describe(const DeleteRangeRequest& request);
std::string describe(const TxnRequest& request);
// An entry's request with its id: "header:<ID:7> put:<...>". Of rare kinds only the name.
std::string describe(const InternalRaftRequest& request);

}  // namespace etcd::apply
