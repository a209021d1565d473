// testdata/go_vectors.txt of a room: messages and records as etcd 3.7.3 encodes them, one "name hex" a line.
#pragma once

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <string>

#include "base/hex.h"

namespace etcd::base::testing {

inline std::map<std::string, std::string> go_vectors() {
  std::ifstream file("testdata/go_vectors.txt");
  std::map<std::string, std::string> vectors;
  for (std::string name, digits; file >> name >> digits;) vectors[name] = from_hex(digits).value();
  EXPECT_FALSE(vectors.empty());
  return vectors;
}

}  // namespace etcd::base::testing
