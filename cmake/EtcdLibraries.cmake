# The libraries of Debian that are linked in as archives, so that bin/etcd runs on a machine where they are not installed, and holds no more of them
# than it uses (docs/decisions/0003-archives.md). A room names them in LIBRARIES by these names. prometheus-cpp comes only as a shared library.
function(etcd_archive name)
  find_library(archive_${name} lib${name}.a REQUIRED)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES IMPORTED_LOCATION ${archive_${name}})
  target_link_libraries(${name} INTERFACE ${ARGN})
endfunction()

etcd_archive(z)
etcd_archive(crypt)
etcd_archive(crypto)
etcd_archive(ssl crypto)
etcd_archive(nghttp2)
etcd_archive(yaml-cpp)
etcd_archive(protobuf z)
etcd_archive(jemalloc_pic)
