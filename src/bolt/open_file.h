// Opening a db file: making it if need be, locking it, finding the newest meta page.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "bolt/db.h"
#include "bolt/meta.h"

namespace etcd::bolt {

struct OpenedFile {
  std::unique_ptr<base::File> file;  // locked
  std::unique_ptr<base::Mapping> mapping;
  std::uint64_t file_size = 0;
  Meta meta;  // its high-water mark lies within the file
};

// As Db::open(). Errors: kLocked, kCorrupt, kUnsupported (page size), kNoSpace, kIo.
Result<OpenedFile> open_file(base::FileSystem& fs, const std::string& path, const Options& options);

}  // namespace etcd::bolt
