#include "server/srv_records.h"

#include <gtest/gtest.h>

#include <map>

namespace etcd::server {
namespace {

// A name service with what the test puts into it.
struct Names {
  std::map<std::string, std::vector<SrvRecord>> services;  // by service and domain
  std::map<std::string, std::string> hosts;

  NameService service() {
    return {.look_up_srv = [this](const std::string& service, const std::string& domain) -> Result<std::vector<SrvRecord>> {
              const auto found = services.find(service + " " + domain);
              if (found == services.end()) return fail(Errc::kNotExist, "no such host");
              return found->second;
            },
            .resolve = [this](const std::string& host_port) -> Result<std::string> {
              const std::string host = host_port.substr(0, host_port.rfind(':'));
              const auto found = hosts.find(host);
              if (found == hosts.end()) return fail(Errc::kIo, "lookup " + host + ": no such host");
              return found->second + host_port.substr(host_port.rfind(':'));
            }};
  }
};

Config config_of(std::string_view advertised) {
  Config config;
  config.member.name = "one";
  config.discovery.srv = "example.com";
  config.cluster.initial_advertise_peer_urls = urls(advertised);
  return config;
}

Result<std::string> found(const Config& config, Names& names) { return initial_cluster_from_dns(config, names.service(), base::null_logger()); }

TEST(SrvRecords, TheRecordAtAnAdvertisedAddressIsThisMember) {
  Names names;
  names.hosts = {{"a.example.com", "10.0.0.1"}, {"b.example.com", "10.0.0.2"}, {"10.0.0.1", "10.0.0.1"}};
  names.services["etcd-server example.com"] = {{"b.example.com", 2380}, {"a.example.com", 2380}};
  EXPECT_EQ(found(config_of("http://10.0.0.1:2380"), names).value(), "0=http://b.example.com:2380,one=http://a.example.com:2380");
}

TEST(SrvRecords, BothServicesCountAndTheirNamesHaveTheSuffix) {
  Names names;
  names.hosts = {{"a.example.com", "10.0.0.1"}, {"b.example.com", "10.0.0.2"}};
  names.services["etcd-server-ssl-dev example.com"] = {{"a.example.com", 2380}};
  names.services["etcd-server-dev example.com"] = {{"b.example.com", 2380}};
  Config config = config_of("https://a.example.com:2380");
  config.discovery.srv_name = "dev";
  EXPECT_EQ(found(config, names).value(), "one=https://a.example.com:2380,0=http://b.example.com:2380");
}

TEST(SrvRecords, WithoutThisMemberThereIsNoCluster) {
  Names names;
  names.hosts = {{"a.example.com", "10.0.0.1"}, {"b.example.com", "10.0.0.2"}};
  names.services["etcd-server example.com"] = {{"b.example.com", 2380}};
  EXPECT_EQ(found(config_of("http://a.example.com:2380"), names).error().detail, "cannot find local etcd member \"one\" in SRV records");
}

TEST(SrvRecords, ARecordOfTheOtherSchemeIsNotThisMember) {
  Names names;
  names.hosts = {{"a.example.com", "10.0.0.1"}};
  names.services["etcd-server-ssl example.com"] = {{"a.example.com", 2380}};
  const std::string why = found(config_of("http://a.example.com:2380"), names).error().detail;
  EXPECT_NE(why.find("has scheme mismatch with expected peer http://a.example.com:2380"), std::string::npos) << why;
}

TEST(SrvRecords, ARecordThatCannotBeResolvedIsPassedOver) {
  Names names;
  names.hosts = {{"a.example.com", "10.0.0.1"}};
  names.services["etcd-server example.com"] = {{"gone.example.com", 2380}, {"a.example.com", 2380}};
  EXPECT_EQ(found(config_of("http://a.example.com:2380"), names).value(), "one=http://a.example.com:2380");
}

TEST(SrvRecords, WithoutRecordsBothErrorsAreTold) {
  Names names;
  names.hosts = {{"a.example.com", "10.0.0.1"}};
  EXPECT_EQ(found(config_of("http://a.example.com:2380"), names).error().detail,
            "error querying DNS SRV records for _etcd-server-ssl no such host\nerror querying DNS SRV records for _etcd-server no such host");
}

}  // namespace
}  // namespace etcd::server
