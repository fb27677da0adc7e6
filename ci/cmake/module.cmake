# The standard library, {fmt} and GoogleTest are most of what a compiler reads here: they are read once
# for all libraries, and once for all tests. Not JSON: GCC would instantiate its parser in every source,
# for the inline functions that call it, and one source in fifteen wants it.
set(NSBENCH_PRECOMPILED
    <algorithm> <array> <chrono> <filesystem> <functional> <map> <optional> <string> <string_view>
    <utility> <variant> <vector> <fmt/format.h>
    CACHE STRING "Headers that NSBENCH_PRECOMPILE precompiles for all sources")
mark_as_advanced(NSBENCH_PRECOMPILED)

#   nsbench_precompile(TARGET [FROM OTHER])   FROM: with what OTHER, if it is another, has read
function(nsbench_precompile target)
  cmake_parse_arguments(arg "" "FROM" "" ${ARGN})
  if(NSBENCH_PRECOMPILE AND arg_FROM AND NOT arg_FROM STREQUAL target)
    target_precompile_headers(${target} REUSE_FROM ${arg_FROM})
  elseif(NSBENCH_PRECOMPILE)
    get_target_property(libraries ${target} LINK_LIBRARIES)
    if("GTest::gmock" IN_LIST libraries)
      set(more <gmock/gmock.h> <gtest/gtest.h>)
    elseif("CLI11::CLI11" IN_LIST libraries)
      set(more <CLI/CLI.hpp>)
    endif()
    target_precompile_headers(${target} PRIVATE ${NSBENCH_PRECOMPILED} ${more})
  endif()
endfunction()

# A program of tests, not optimised: they are run once, and never earn back what that takes.
#   nsbench_test_program(NAME SOURCES a_test.cpp .. DEPENDS lib ..)
function(nsbench_test_program name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE nsbench_options ${arg_DEPENDS} GTest::gmock GTest::gtest)
  target_compile_definitions(${name} PRIVATE NSBENCH_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  target_compile_options(${name} PRIVATE -O0)
  set_target_properties(${name} PROPERTIES NSBENCH_FORTIFY OFF) # It needs optimisation.
  nsbench_precompile(${name} FROM reports_test)
endfunction()

# One room of the house is one static library with its unit tests beside it:
#   nsbench_module(NAME SOURCES a.cpp .. DEPENDS lib .. [TESTS a_test.cpp ..] [SHARDS COUNT])
# TESTS need no privilege; tests that enter namespaces are added by nsbench_namespace_test(). SHARDS:
# they take long with sanitizers, and ctest runs them as so many tests, side by side.

function(nsbench_module name)
  cmake_parse_arguments(arg "" "SHARDS" "SOURCES;DEPENDS;TESTS" ${ARGN})
  add_library(nsbench_${name} STATIC ${arg_SOURCES})
  target_link_libraries(nsbench_${name} PUBLIC nsbench_options ${arg_DEPENDS})
  nsbench_precompile(nsbench_${name} FROM nsbench_reports)
  if(NSBENCH_TESTS AND arg_TESTS)
    nsbench_test_program(${name}_test SOURCES ${arg_TESTS}
                         DEPENDS nsbench_${name} GTest::gtest_main)
    if(NOT arg_SHARDS)
      set(arg_SHARDS 1)
    endif()
    foreach(shard RANGE 1 ${arg_SHARDS})
      set(test ${name})
      if(shard GREATER 1)
        set(test ${name}.${shard})
      endif()
      math(EXPR index "${shard} - 1")
      add_test(NAME ${test} COMMAND ${name}_test)
      set_tests_properties(${test} PROPERTIES LABELS unit ENVIRONMENT
                           "GTEST_TOTAL_SHARDS=${arg_SHARDS};GTEST_SHARD_INDEX=${index}")
    endforeach()
  endif()
endfunction()

# A test program that enters namespaces: label `namespaces`, skipped with its reason where it can't.
#   nsbench_namespace_test(NAME SOURCES a_test.cpp .. DEPENDS lib ..)
function(nsbench_namespace_test name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPENDS" ${ARGN})
  if(NOT NSBENCH_TESTS)
    return()
  endif()
  nsbench_test_program(${name} SOURCES ${arg_SOURCES} DEPENDS ${arg_DEPENDS})
  add_test(NAME ${name} COMMAND ${name})
  set_tests_properties(${name} PROPERTIES LABELS namespaces)
endfunction()

# What libFuzzer is guided by. Only where fuzz targets go: it takes a third of the time of compiling.
# It is -fsanitize=fuzzer-no-link, but compatible with headers precompiled without.
function(nsbench_guide_fuzzer target)
  if(NOT NSBENCH_SANITIZE MATCHES "fuzzer")
    target_compile_options(${target} PRIVATE -fsanitize-coverage=${NSBENCH_FUZZ_GUIDE})
  endif()
endfunction()

# A fuzz target, fuzz/NAME.cpp, with its corpus in fuzz/corpus/NAME: for libFuzzer with NSBENCH_FUZZ,
# else a test that replays the corpus.
#   nsbench_fuzzer(NAME [JSON] [SOURCES a.cpp ..] DEPENDS lib ..)
# JSON: inputs are changed as documents. SOURCES are those of the room that the reader needs: to build
# all of it with sanitizers takes long.
function(nsbench_fuzzer name)
  cmake_parse_arguments(arg "JSON" "" "SOURCES;DEPENDS" ${ARGN})
  add_executable(fuzz_${name} fuzz/${name}.cpp ${arg_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE nsbench_options nsbench_fuzz_support ${arg_DEPENDS})
  if(NSBENCH_FUZZ)
    nsbench_guide_fuzzer(fuzz_${name})
    foreach(library IN LISTS arg_DEPENDS)
      if(library MATCHES "^nsbench_(console|reports|samples|sandbox)$")
        nsbench_guide_fuzzer(${library})
      endif()
    endforeach()
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    if(arg_JSON)
      target_link_libraries(fuzz_${name} PRIVATE fuzz_json_mutator)
    endif()
    set_target_properties(fuzz_${name} PROPERTIES
                          RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/fuzzers
                          OUTPUT_NAME ${name})
    add_dependencies(fuzzers fuzz_${name})
  else()
    add_test(NAME fuzz.${name}
             COMMAND fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
    set_tests_properties(fuzz.${name} PROPERTIES LABELS unit)
  endif()
endfunction()

# A program that users run: built into the root of the build directory, installed with its manual.
#   nsbench_program(NAME SOURCES main.cpp .. DEPENDS lib .. [MAN NAME.1])
function(nsbench_program name)
  cmake_parse_arguments(arg "" "MAN" "SOURCES;DEPENDS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE nsbench_options ${arg_DEPENDS})
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
  # As `cmake --install --strip`; a packager's own build type keeps its symbols.
  install(CODE "set(CMAKE_INSTALL_DO_STRIP TRUE)" CONFIGURATIONS Release MinSizeRel)
  install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
  if(arg_MAN)
    install(FILES ${arg_MAN} DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
  endif()
endfunction()

# NAME-static: the same program without libraries, for initramfs images and other people's machines.
#   nsbench_static_program(NAME SOURCES main.cpp .. DEPENDS lib ..)
function(nsbench_static_program name)
  if(NOT NSBENCH_STATIC)
    return()
  endif()
  nsbench_program(${name}-static ${ARGN})
  set_target_properties(${name}-static PROPERTIES NSBENCH_IS_STATIC ON)
  # CMake's own -pie would stand behind -static-pie, and undo it: the property has to be unset.
  set_property(TARGET ${name}-static PROPERTY POSITION_INDEPENDENT_CODE)
  target_compile_options(${name}-static PRIVATE -fPIE)
  target_link_options(${name}-static PRIVATE -static-pie -s)
endfunction()
