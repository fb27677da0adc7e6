# What nsbench is built with; ci/install-deps.sh installs it all on Debian and Ubuntu.
find_package(fmt 8 REQUIRED)
find_package(nlohmann_json 3.9 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(Boost 1.74 REQUIRED) # Boost.Math, headers only
if(NSBENCH_TESTS)
  find_package(GTest 1.11 REQUIRED)
endif()
if(NSBENCH_BOOT)
  find_package(ZLIB 1.2 REQUIRED)
  find_package(LibLZMA 5.2 REQUIRED)
  # Debian's and Ubuntu's libzstd-dev have no CMake package.
  find_path(ZSTD_INCLUDE_DIR zstd.h)
  find_library(ZSTD_LIBRARY zstd)
  mark_as_advanced(ZSTD_INCLUDE_DIR ZSTD_LIBRARY)
  if(NOT ZSTD_INCLUDE_DIR OR NOT ZSTD_LIBRARY)
    message(FATAL_ERROR "libzstd with its headers is missing: ci/install-deps.sh installs it; "
                        "-D NSBENCH_BOOT=OFF builds without")
  endif()
  add_library(nsbench_zstd INTERFACE)
  target_include_directories(nsbench_zstd SYSTEM INTERFACE ${ZSTD_INCLUDE_DIR})
  target_link_libraries(nsbench_zstd INTERFACE ${ZSTD_LIBRARY})
endif()
if(NSBENCH_FLEET AND NSBENCH_BOOT AND NSBENCH_HISTORY)
  find_path(CURL_INCLUDE_DIR curl/curl.h)
  mark_as_advanced(CURL_INCLUDE_DIR)
  if(NOT CURL_INCLUDE_DIR)
    message(FATAL_ERROR "libcurl's header is missing: ci/install-deps.sh installs it; "
                        "-D NSBENCH_FLEET=OFF builds without")
  endif()
else()
  set(NSBENCH_FLEET OFF)
endif()

# Google Benchmark: its source where ci/install-deps.sh --boot left it, in build/deps, or where
# FETCHCONTENT_SOURCE_DIR_BENCHMARK names one; else the installed one, which mostly has no archive for
# static programs; else the upstream release (Debian's tarball of 1.7.1 has the same hash).
set(deps_source ${PROJECT_SOURCE_DIR}/build/deps/benchmark)
if(NOT FETCHCONTENT_SOURCE_DIR_BENCHMARK AND EXISTS ${deps_source}/CMakeLists.txt)
  set(FETCHCONTENT_SOURCE_DIR_BENCHMARK ${deps_source})
endif()
if(NOT FETCHCONTENT_SOURCE_DIR_BENCHMARK)
  find_package(benchmark 1.7 QUIET)
endif()
if(benchmark_FOUND)
  message(STATUS "Google Benchmark ${benchmark_VERSION}: ${benchmark_DIR}")
else()
  set(BENCHMARK_ENABLE_TESTING OFF)
  set(BENCHMARK_ENABLE_GTEST_TESTS OFF)
  set(BENCHMARK_ENABLE_EXCEPTIONS OFF)
  set(BENCHMARK_ENABLE_WERROR OFF)
  set(BENCHMARK_ENABLE_INSTALL OFF)
  set(BENCHMARK_INSTALL_DOCS OFF)
  set(CMAKE_POLICY_DEFAULT_CMP0077 NEW) # Its option()s obey the variables above.

  if(POLICY CMP0135)
    cmake_policy(SET CMP0135 NEW) # Unpacked files are dated when they are unpacked.
  endif()

  include(FetchContent)
  FetchContent_Declare(benchmark
    URL https://github.com/google/benchmark/archive/refs/tags/v1.7.1.tar.gz
    URL_HASH SHA256=6430e4092653380d9dc4ccb45a1e2dc9259d581f4866dc0759713126056bc1d7)
  if(FETCHCONTENT_SOURCE_DIR_BENCHMARK)
    message(STATUS "Google Benchmark from source: ${FETCHCONTENT_SOURCE_DIR_BENCHMARK}")
  else()
    message(STATUS "Google Benchmark from source: downloading 1.7.1")
  endif()
  FetchContent_MakeAvailable(benchmark)
  # Nothing of ours links its main(), and its headers are not ours to be warned about.
  set_target_properties(benchmark_main PROPERTIES EXCLUDE_FROM_ALL TRUE)
  get_target_property(benchmark_includes benchmark INTERFACE_INCLUDE_DIRECTORIES)
  set_target_properties(benchmark PROPERTIES
                        INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${benchmark_includes}")
endif()

# Static programs: where the compiler links one, and Google Benchmark is an archive.
if(NSBENCH_SANITIZE)
  set(why_not_static "the sanitizers' run-time libraries need a dynamic loader")
elseif(benchmark_FOUND)
  get_target_property(benchmark_type benchmark::benchmark TYPE)
  if(NOT benchmark_type STREQUAL "STATIC_LIBRARY")
    set(why_not_static "Google Benchmark has no archive; ci/install-deps.sh --static fetches its source")
  endif()
endif()
if(NSBENCH_STATIC AND NOT why_not_static)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_LINK_OPTIONS -static)
  check_cxx_source_compiles("#include <iostream>\nint main() { std::cout << 1; }" NSBENCH_CAN_LINK_STATIC)
  unset(CMAKE_REQUIRED_LINK_OPTIONS)
  if(NOT NSBENCH_CAN_LINK_STATIC)
    set(why_not_static "the C or the C++ library has no archive")
  endif()
endif()
if(NSBENCH_STATIC AND why_not_static)
  message(STATUS "No nsbench-static: ${why_not_static}")
  set(NSBENCH_STATIC OFF)
endif()

# ThreadSanitizer: its run-time library is part of the compiler's package in most distributions. Clang's
# ends at a thread that a bare clone(2) has made, as a probe does.
if(NSBENCH_TESTS AND NOT NSBENCH_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  include(CheckCXXSourceCompiles)
  set(CMAKE_REQUIRED_FLAGS -fsanitize=thread)
  check_cxx_source_compiles("int main() {}" NSBENCH_CAN_SANITIZE_THREADS)
  unset(CMAKE_REQUIRED_FLAGS)
  if(NOT NSBENCH_CAN_SANITIZE_THREADS)
    message(STATUS "No test of threads: the compiler has no ThreadSanitizer")
  endif()
endif()

# {fmt}: the shared library compiles a good deal faster than headers alone. Few package an archive of
# it, so static programs have one of ours.
add_library(nsbench_fmt INTERFACE)
if(NSBENCH_STATIC)
  add_library(nsbench_fmt_archive STATIC ${PROJECT_SOURCE_DIR}/ci/cmake/fmt_archive.cpp)
  target_link_libraries(nsbench_fmt_archive PUBLIC fmt::fmt-header-only PRIVATE nsbench_options)
  # What is linked, not what it is compiled with, depends on the program.
  target_link_libraries(nsbench_fmt INTERFACE
    $<IF:$<BOOL:$<TARGET_PROPERTY:NSBENCH_IS_STATIC>>,nsbench_fmt_archive,fmt::fmt>)
else()
  target_link_libraries(nsbench_fmt INTERFACE fmt::fmt)
endif()
