// Requests as the log shows them, in protobuf's text form. Values are only counted: they may be secrets.
#pragma once

#include <string>

#include "apply/request.h"

namespace etcd::api {

std::string describe(const apply::RangeRequest& request);
std::string describe(const apply::PutRequest& request);
std::string describe(const apply::DeleteRangeRequest& request);
std::string describe(const apply::TxnRequest& request);

}  // namespace etcd::api
