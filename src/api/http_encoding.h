// Which Content-Encoding an answer may have.
#pragma once

#include "rpc/http.h"

namespace etcd::api {

// The client would rather have gzip than plain bytes, by its Accept-Encoding; of two that it likes equally, plain is
// taken.
bool prefers_gzip(const rpc::HttpRequest& request);

}  // namespace etcd::api
