#pragma once

#include <cstddef>

namespace etcd::server {

// Gives back the resident pages of the program's and its libraries' code and constants: most of what a start touches (flags, recovery, the tables of
// the libraries) is not needed again, and pages that are needed come back from the page cache, one cheap fault for each 64 KiB. Nothing is written to
// disk, and what the process wrote into its memory stays: only mappings that are not writable are let go of. Breakpoints that a debugger has set in
// the code are lost. Blocks for less than a millisecond; any thread may call it, at any time. Returns the bytes looked at, resident or not.
std::size_t release_startup_pages();

}  // namespace etcd::server
