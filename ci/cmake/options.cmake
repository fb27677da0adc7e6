# How everything is compiled. Our own targets get it through nsbench_options.
find_program(NSBENCH_CCACHE_PROGRAM ccache)
mark_as_advanced(NSBENCH_CCACHE_PROGRAM)
if(NSBENCH_CCACHE AND NSBENCH_CCACHE_PROGRAM AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_C_COMPILER_LAUNCHER ${NSBENCH_CCACHE_PROGRAM})
  set(CMAKE_CXX_COMPILER_LAUNCHER ${NSBENCH_CCACHE_PROGRAM})
endif()
if(CMAKE_CXX_COMPILER_LAUNCHER)
  set(NSBENCH_PRECOMPILE OFF) # ccache has the files, and can't see into precompiled headers.
endif()

add_library(nsbench_options INTERFACE)
target_include_directories(nsbench_options INTERFACE ${PROJECT_SOURCE_DIR})
target_compile_definitions(nsbench_options INTERFACE _GNU_SOURCE
                           NSBENCH_VERSION="${PROJECT_VERSION}")
# Members that a designated initialiser leaves out have the values they should have.
target_compile_options(nsbench_options INTERFACE -Wall -Wextra -Wpedantic
                       -Wno-missing-field-initializers)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # False alarms in std::string's operator+ (GCC bug 105651).
  target_compile_options(nsbench_options INTERFACE -Wno-restrict)
endif()
if(NSBENCH_WERROR)
  target_compile_options(nsbench_options INTERFACE -Werror)
endif()

# Cheap checks at run time, in release builds too: this runs as root. Fortify needs optimisation and gets
# in AddressSanitizer's way; it is undefined first because Ubuntu's compiler defines it.
target_compile_definitions(nsbench_options INTERFACE _GLIBCXX_ASSERTIONS)
target_compile_options(nsbench_options INTERFACE -fstack-protector-strong -fstack-clash-protection)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  target_compile_options(nsbench_options INTERFACE -fcf-protection)
endif()
target_link_options(nsbench_options INTERFACE -Wl,-z,relro,-z,now,-z,noexecstack)
if(CMAKE_BUILD_TYPE MATCHES "Rel" AND NOT NSBENCH_SANITIZE)
  target_compile_options(nsbench_options INTERFACE -U_FORTIFY_SOURCE
                         $<$<NOT:$<STREQUAL:$<TARGET_PROPERTY:NSBENCH_FORTIFY>,OFF>>:-D_FORTIFY_SOURCE=3>)
endif()

if(NSBENCH_SANITIZE)
  target_compile_options(nsbench_options INTERFACE -fsanitize=${NSBENCH_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(nsbench_options INTERFACE -fsanitize=${NSBENCH_SANITIZE})
endif()

# Counters of lines lie in files that all processes of a program share, one file for each program: what
# ends by _exit(2) or by a signal has counted, too. ci/coverage.sh reads them.
if(NSBENCH_COVERAGE)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "NSBENCH_COVERAGE needs Clang")
  endif()
  set(counters -fprofile-instr-generate=${PROJECT_BINARY_DIR}/counters/%c%m.profraw)
  target_compile_options(nsbench_options INTERFACE ${counters} -fcoverage-mapping
                         "SHELL:-mllvm -runtime-counter-relocation")
  target_link_options(nsbench_options INTERFACE ${counters})
endif()

if(NSBENCH_FUZZ)
  if(NOT CMAKE_CXX_COMPILER_ID MATCHES "Clang")
    message(FATAL_ERROR "NSBENCH_FUZZ needs Clang: libFuzzer is part of it")
  endif()
  add_custom_target(fuzzers)
endif()

include(CheckPIESupported)
check_pie_supported(LANGUAGES C CXX)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)

# For all targets, Google Benchmark among them, so that the linker can drop what nobody calls: static
# programs travel in initramfs images.
if(NOT NSBENCH_SANITIZE)
  add_compile_options(-ffunction-sections -fdata-sections)
  target_link_options(nsbench_options INTERFACE -Wl,--gc-sections)
endif()
