// testdata/go_vectors.txt: messages as Go encodes them, one "name hex" a line.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

namespace etcd::apply::testing {

inline std::map<std::string, std::string> go_vectors() {
  std::ifstream in("testdata/go_vectors.txt");
  std::map<std::string, std::string> vectors;
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  for (std::string name, hex; in >> name >> hex;) {
    std::string& bytes = vectors[name];
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2)
      bytes += static_cast<char>(digit(hex[i]) * 16 + digit(hex[i + 1]));
  }
  EXPECT_FALSE(vectors.empty());
  return vectors;
}

}  // namespace etcd::apply::testing
