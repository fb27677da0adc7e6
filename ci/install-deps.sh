#!/usr/bin/env bash
# Installs what nsbench is built and tested with, on Debian and Ubuntu. Says so and exits 0, without
# root, when nothing is missing; on other distributions prints the list and exits 1.
#   ci/install-deps.sh [--static] [--boot] [--lint] [--ci] [--list]
#     --static  also what nsbench-static needs: the source of Google Benchmark
#     --boot    also what boots kernels: nsbench-static, QEMU
#     --lint    also what ci/lint.sh and a build with Clang need
#     --ci      all of these, the kernel tree's reader of KTAP, a browser for HTML pages, containers, and
#               what adapters for other engines are checked with
#     --list    only print the packages
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

packages=(
  cmake ninja-build g++
  libfmt-dev nlohmann-json3-dev libcli11-dev
  libboost-dev # Boost.Math, headers only
  libsqlite3-dev zlib1g-dev # nsbench history
  liblzma-dev libzstd-dev # nsbench boot, with zlib
  libcurl4-openssl-dev # nsbench fleet
  libbenchmark-dev
  libgtest-dev libgmock-dev
  # The tests read our JSON with other people's readers.
  libbenchmark-tools python3 python3-jsonschema python3-scipy python3-junitparser perl
)
boot_packages=(qemu-system-x86 kmod)
lint_packages=(clang clang-format clang-tidy cppcheck lld llvm shellcheck)
# What nsbench is run in, and looks into, by tests that are skipped without.
container_packages=(bubblewrap busybox-static crun faketime podman runc)
# The files for other people's engines are rendered, parsed and run as these would (ci/adapters-check.sh).
adapter_packages=(cpio curl jq lava-common python3-jinja2 python3-yaml)
# Clang's sanitizers: a package of their own in Debian 12, part of Clang's in Ubuntu 22.04.
if grep -qs '^ID=debian' /etc/os-release; then
  lint_packages+=(libclang-rt-dev)
fi

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

print_requirements() {
  cat << 'END'
nsbench needs:
  a C++20 compiler     GCC 11 or Clang 14
  CMake                3.22, with Ninja 1.10
  {fmt}                8
  nlohmann/json        3.9
  CLI11                2.1
  Boost                1.74  (headers: Boost.Math)
  Google Benchmark     1.7   (its source for nsbench-static; CMake downloads it where it is missing)
  SQLite, zlib         3.31, 1.2  (nsbench history; not with NSBENCH_HISTORY=OFF)
  zlib, liblzma, zstd  1.2, 5.2, 1.4  (nsbench boot and gate; not with NSBENCH_BOOT=OFF)
  libcurl              7.74  (nsbench fleet; not with NSBENCH_FLEET=OFF)
  GoogleTest           1.11, with GoogleMock (tests)
  Python               3.9, with jsonschema 3 and scipy; Google Benchmark's compare.py (tests)
  Chromium, Node.js    with playwright-core in build/deps (the test of HTML pages)
  uPlot                1.6.32 (from npm, into build/deps/uplot; without it HTML has fewer charts)
  QEMU                 7, x86-64 (nsbench boot, for kernels that are no User-Mode Linux)
  for ci/lint.sh       clang, clang-format and clang-tidy 14; cppcheck 2.10; shellcheck
  for ci/coverage.sh   clang and llvm 14
END
}

is_installed() {
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2> /dev/null) == installed ]]
}

install_packages() {
  local as_root=()
  if [[ $(id -u) != 0 ]]; then
    if ! command -v sudo > /dev/null; then
      echo "install-deps: run as root: apt-get install --no-install-recommends $*" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  local apt_get=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3)
  "${apt_get[@]}" update
  "${apt_get[@]}" install -y --no-install-recommends "$@" < /dev/null
}

# HTML pages: uPlot comes with npm, from its registry; the test of pages opens them in Chromium.
if ! command -v npm > /dev/null && [[ ! -f $here/../build/deps/uplot/package.json ]]; then
  packages+=(npm)
fi
browser_packages=(chromium)
command -v node > /dev/null || browser_packages+=(nodejs)

static=no readers=no list=no
for argument in "$@"; do
  case $argument in
    --static) static=yes ;;
    --boot) static=yes packages+=("${boot_packages[@]}") ;;
    --lint) packages+=("${lint_packages[@]}") ;;
    --ci) static=yes readers=yes packages+=("${boot_packages[@]}" "${lint_packages[@]}" "${browser_packages[@]}" "${container_packages[@]}" "${adapter_packages[@]}") ;;
    --list) list=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
done

if [[ $list == yes ]]; then
  printf '%s\n' "${packages[@]}"
  exit 0
fi
if ! command -v apt-get > /dev/null || ! command -v dpkg-query > /dev/null; then
  echo "install-deps: this is neither Debian nor Ubuntu; please install what is missing yourself" >&2
  print_requirements
  exit 1
fi

missing=()
for package in "${packages[@]}"; do
  is_installed "$package" || missing+=("$package")
done
if ((${#missing[@]})); then
  echo "install-deps: installing ${missing[*]}"
  install_packages "${missing[@]}"
else
  echo "install-deps: nothing needs installing"
fi
if [[ $static == yes ]]; then
  "$here/fetch-benchmark.sh"
fi
# Without it nsbench builds, and its pages have fewer charts.
"$here/fetch-from-npm.sh" uplot || [[ $readers == no ]]
if [[ $readers == yes ]]; then
  "$here/fetch-kunit.sh"
  "$here/fetch-from-npm.sh" playwright-core
fi
