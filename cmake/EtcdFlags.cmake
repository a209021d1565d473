# Warnings are errors in our own code; library headers are SYSTEM includes and stay out of it.
add_library(etcd_flags INTERFACE)
target_include_directories(etcd_flags INTERFACE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
target_compile_options(etcd_flags INTERFACE -Wall -Wextra -Wshadow -Wconversion -Werror -fno-omit-frame-pointer)

set(ETCD_SANITIZE "" CACHE STRING "Sanitizers for the whole build: empty, 'address,undefined' or 'thread'")
option(ETCD_FUZZ "Build the libFuzzer targets (clang only)" OFF)

if(ETCD_SANITIZE)
  add_compile_options(-fsanitize=${ETCD_SANITIZE} -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${ETCD_SANITIZE})
endif()
if(ETCD_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
