// What the operator wants, in the terms of each room: Config -> its options. Pure, but for the lessor's metrics, which are made here.
//
// 0 means etcd's default wherever etcd takes it so. Errors: kInvalid with etcd's text for members or tokens that can't be read; what validate.h
// has passed holds no other.
#pragma once

#include "api/api.h"
#include "api/auth/tokens.h"
#include "base/metrics.h"
#include "base/result.h"
#include "node/local_node.h"
#include "rpc/options.h"
#include "server/config.h"

namespace etcd::server {

Result<node::NodeOptions> node_options(const Config& config, base::Metrics& metrics);
Result<api::Tokens::Options> token_options(const SecurityConfig& security);
api::Options api_options(const Config& config);
// Of the ports for clients.
rpc::Options rpc_options(const Config& config);

}  // namespace etcd::server
