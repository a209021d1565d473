#include "api/process_stats.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace etcd::api {

namespace {

double limit_of(int resource) {
  rlimit limit{};
  if (getrlimit(static_cast<__rlimit_resource>(resource), &limit) != 0) return 0;
  return static_cast<double>(limit.rlim_cur);
}

std::string read_text(const char* path) {
  std::ifstream file(path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The fields of /proc/self/stat from the third on: the second, the program's name, may hold spaces.
std::vector<double> stat_fields() {
  const std::string text = read_text("/proc/self/stat");
  const std::size_t name_end = text.rfind(')');
  std::vector<double> fields;
  if (name_end == std::string::npos) return fields;
  std::istringstream rest(text.substr(name_end + 1));
  std::string state;
  rest >> state;
  fields.push_back(0);
  for (double field = 0; rest >> field;) fields.push_back(field);
  return fields;
}

double boot_unix_seconds() {
  std::ifstream file("/proc/stat");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("btime ")) return std::stod(line.substr(6));
  }
  return 0;
}

double count_descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count - 3;  // ".", "..", and the folder itself
}

// The line of names and the line of numbers that belong to IpExt.
void read_network(ProcessStats& stats) {
  std::ifstream file("/proc/self/net/netstat");
  std::string names;
  std::string numbers;
  while (std::getline(file, names) && std::getline(file, numbers)) {
    if (!names.starts_with("IpExt:")) continue;
    std::istringstream name_words(names);
    std::istringstream number_words(numbers);
    std::string name;
    std::string number;
    while (name_words >> name && number_words >> number) {
      if (name == "InOctets") stats.received_bytes = std::stod(number);
      if (name == "OutOctets") stats.sent_bytes = std::stod(number);
    }
  }
}

}  // namespace

ProcessStats read_process_stats() {
  ProcessStats stats;
  const std::vector<double> fields = stat_fields();  // [i] is field i + 3 of proc(5)
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  if (fields.size() > 21) {
    stats.cpu_seconds = (fields[11] + fields[12]) / ticks;
    stats.start_unix_seconds = boot_unix_seconds() + fields[19] / ticks;
    stats.virtual_bytes = fields[20];
    stats.resident_bytes = fields[21] * static_cast<double>(sysconf(_SC_PAGESIZE));
  }
  stats.virtual_limit_bytes = limit_of(RLIMIT_AS);
  stats.descriptor_limit = limit_of(RLIMIT_NOFILE);
  stats.open_descriptors = count_descriptors();
  read_network(stats);
  return stats;
}

}  // namespace etcd::api
