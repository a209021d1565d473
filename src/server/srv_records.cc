#include "server/srv_records.h"

#include <arpa/nameser.h>
#include <netdb.h>
#include <netinet/in.h>
#include <resolv.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>

#include "base/go_text.h"
#include "base/url.h"
#include "rpc/socket_address.h"
#include "server/srv_answer.h"

namespace etcd::server {

namespace {

constexpr std::size_t kMaxAnswerBytes = 64 * 1024;

std::string join_host_port(const std::string& host, const std::string& port) {
  return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
}

Result<std::vector<SrvRecord>> look_up_srv(const std::string& service, const std::string& domain) {
  const std::string name = "_" + service + "._tcp." + domain;
  std::vector<unsigned char> answer(kMaxAnswerBytes);
  const int size = ::res_query(name.c_str(), ns_c_in, ns_t_srv, answer.data(), static_cast<int>(answer.size()));
  if (size < 0) return fail(Errc::kNotExist, "lookup " + name + ": " + ::hstrerror(h_errno));
  return read_srv_answer({answer.data(), std::min(static_cast<std::size_t>(size), answer.size())});
}

Result<std::string> resolve(const std::string& host_port) {
  TRY_ASSIGN(const auto addresses, rpc::look_up(host_port));
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> port{};
  const int failed = ::getnameinfo(addresses.front().get(), addresses.front().length, host.data(), host.size(), port.data(), port.size(),
                                   NI_NUMERICHOST | NI_NUMERICSERV);
  if (failed != 0) return fail(Errc::kIo, ::gai_strerror(failed));
  return join_host_port(host.data(), port.data());
}

class ClusterInDns {
 public:
  ClusterInDns(const Config& config, const NameService& names) : config_(config), names_(names) {}

  // "name=scheme://host:port" for each record of the service; at least one.
  Result<Texts> pairs(const std::string& service, const std::string& scheme) {
    TRY_ASSIGN(const auto own, own_addresses());
    const auto records = names_.look_up_srv(service, config_.discovery.srv);
    if (!records) return failed(service, records.error());
    Error last{Errc::kNotExist, "no records"};
    Texts found;
    int others = 0;
    for (const SrvRecord& record : *records) {
      const std::string place = join_host_port(record.target, std::to_string(record.port));
      const auto address = names_.resolve(place);
      if (!address) {
        last = address.error();
        continue;
      }
      const auto local = own.find(*address);
      const std::string name = local == own.end() ? std::to_string(others++) : config_.member.name;
      if (local != own.end() && local->second->scheme != scheme) {
        last = {Errc::kInvalid, "bootstrap at " + scheme + "://" + place + " from DNS for " + service + " has scheme mismatch with expected peer " +
                                    local->second->to_string()};
        continue;
      }
      found.push_back(name + "=" + scheme + "://" + place);
    }
    if (found.empty()) return failed(service, last);
    return found;
  }

 private:
  Result<std::map<std::string, const Url*>> own_addresses() const {
    std::map<std::string, const Url*> own;
    for (const Url& url : config_.cluster.initial_advertise_peer_urls) {
      TRY_ASSIGN(const std::string address, names_.resolve(url.host));
      own.emplace(address, &url);
    }
    return own;
  }
  static tl::unexpected<Error> failed(const std::string& service, const Error& error) {
    return fail(Errc::kInvalid, "error querying DNS SRV records for _" + service + " " + describe(error));
  }

  const Config& config_;
  const NameService& names_;
};

bool has_name(const Texts& pairs, const std::string& name) {
  return std::ranges::any_of(pairs, [&](const std::string& pair) { return pair.starts_with(name + "="); });
}

}  // namespace

NameService system_name_service() { return {.look_up_srv = look_up_srv, .resolve = resolve}; }

Result<std::string> initial_cluster_from_dns(const Config& config, const NameService& names, base::Logger& logger) {
  const std::string suffix = config.discovery.srv_name.empty() ? "" : "-" + config.discovery.srv_name;
  Texts all;
  std::string errors;
  for (const auto& [scheme, service] : {std::pair<std::string, std::string>("https", "etcd-server-ssl" + suffix), {"http", "etcd-server" + suffix}}) {
    auto found = ClusterInDns(config, names).pairs(service, scheme);
    base::Logger::Fields fields = {{"service-scheme", scheme},
                                   {"service-name", service},
                                   {"server-name", config.member.name},
                                   {"discovery-srv", config.discovery.srv},
                                   {"advertise-peer-urls", base::to_strings(config.cluster.initial_advertise_peer_urls)},
                                   {"found-cluster", found ? *found : Texts()}};
    if (!found) fields.push_back(base::LogField(found.error()));
    logger.info("get cluster for " + service + " SRV", fields);
    if (found) all.insert(all.end(), found->begin(), found->end());
    if (!found) errors += (errors.empty() ? "" : "\n") + describe(found.error());
  }
  if (all.empty()) return fail(Errc::kInvalid, errors);
  for (const std::string& pair : all) logger.info("got bootstrap from DNS for etcd-server", {{"node", pair}});
  if (!has_name(all, config.member.name)) {
    return fail(Errc::kInvalid, "cannot find local etcd member " + base::go_quote(config.member.name) + " in SRV records");
  }
  return base::join(all, ",");
}

}  // namespace etcd::server
