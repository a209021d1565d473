#include "server/startup_pages.h"

#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <span>

namespace etcd::server {
namespace {

// The linker may have written into the first and last page of a segment that shares them with a writable one, so only whole pages of its own count.
std::size_t release(std::uintptr_t begin, std::uintptr_t end) {
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  begin = (begin + page - 1) / page * page;
  end = end / page * page;
  if (begin >= end) return 0;
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the process's own mapping
  return ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_DONTNEED) == 0 ? end - begin : 0;
}

int release_of_object(dl_phdr_info* object, std::size_t, void* total) {
  for (const ElfW(Phdr) & part : std::span(object->dlpi_phdr, object->dlpi_phnum)) {
    if (part.p_type != PT_LOAD || (part.p_flags & PF_W) != 0) continue;
    const std::uintptr_t begin = object->dlpi_addr + part.p_vaddr;
    *static_cast<std::size_t*>(total) += release(begin, begin + part.p_filesz);
  }
  return 0;
}

}  // namespace

std::size_t release_startup_pages() {
  std::size_t total = 0;
  ::dl_iterate_phdr(release_of_object, &total);
  return total;
}

}  // namespace etcd::server
