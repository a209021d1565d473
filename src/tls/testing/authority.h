// Authority: a CA made in the test, and the certificates that it issues, as files in a folder of the test's own.
#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace etcd::tls::testing {

// A folder that goes with its owner.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::string path(const std::string& name) const { return (folder_ / name).string(); }

 private:
  std::filesystem::path folder_;
};

struct Subject {
  std::string common_name = "test";
  std::vector<std::string> names = {"DNS:localhost", "IP:127.0.0.1"};
  int valid_days = 10;  // negative: it has expired
  bool is_for_servers = true;
  bool is_for_clients = true;
};

struct Pair {
  std::string cert_file;
  std::string key_file;
};

class Authority {
 public:
  // Its certificate goes into `<name>.crt` of `folder`, which must outlive it.
  explicit Authority(const TemporaryFolder& folder, const std::string& name = "ca");
  ~Authority();

  const std::string& ca_file() const { return ca_file_; }
  // Into `<file>.crt` and `<file>.key`.
  Pair issue(const std::string& file, const Subject& subject = {});
  // A list (DER) of the certificates in these files, into `<file>`. Returns its path.
  std::string revoke(const std::string& file, const std::vector<std::string>& cert_files);
  // The same in PEM, behind what the file holds already.
  std::string append_revoked(const std::string& file, const std::vector<std::string>& cert_files);

 private:
  struct State;
  const TemporaryFolder& folder_;
  std::string ca_file_;
  std::unique_ptr<State> state_;
};

}  // namespace etcd::tls::testing
