#!/usr/bin/env bash
# One tree of Debian's linux-source, patched for one kernel after another, with one tree of objects, so
# that each further kernel only compiles what its patch touches. Sourced by ci/broken-kernels/build.sh
# and ci/long/build.sh; who sources it sets, before calling anything:
#   work           an absolute path: below it are source/, objects/, and the kernels, linux-NAME
#   jobs           how many compilers at once
#   kernel_arch    um or x86_64
#   kernel_config  the options, on top of allnoconfig
# shellcheck shell=bash
# shellcheck disable=SC2154  # those four

kernel_version=6.12
kernel_tarball=/usr/src/linux-source-$kernel_version.tar.xz
kernel_needs=("linux-source-$kernel_version" make gcc flex bison bc xz-utils patch)
kernel_compiler=()
if command -v ccache > /dev/null; then kernel_compiler=("CC=ccache gcc"); fi

complain() {
  echo "$(basename "$0"): $*" >&2
}

install_kernel_needs() {
  apt-get -q update
  DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${kernel_needs[@]}"
}

# A patch has to fit exactly: context that has changed means that it has to be looked at again.
apply() {
  patch --quiet --strip=1 --fuzz=0 --no-backup-if-mismatch --directory="$work/source" "$@"
}

# Takes out what was patched in last, by an interrupted build too.
unpatch_kernel() {
  [[ -e $work/applied.patch ]] || return 0
  apply --reverse < "$work/applied.patch"
  rm "$work/applied.patch"
}

patch_kernel() {
  apply --dry-run < "$1"
  cp "$1" "$work/applied.patch"
  apply < "$1"
}

# unpack_kernel [PATCH...]: these are in every kernel.
unpack_kernel() {
  [[ ! -e $work/source.done ]] || return 0
  [[ -r $kernel_tarball ]] || { complain "no $kernel_tarball; see --install"; exit 1; }
  echo "unpacking $kernel_tarball"
  rm -rf "$work/source"
  mkdir -p "$work/source"
  tar -xJf "$kernel_tarball" -C "$work/source" --strip-components=1
  local always
  for always in "$@"; do apply < "$always"; done
  touch "$work/source.done"
}

make_kernel() {
  KBUILD_BUILD_TIMESTAMP='Thu Jan  1 00:00:00 UTC 1970' KBUILD_BUILD_USER=nsbench KBUILD_BUILD_HOST=nsbench \
    nice make --silent -C "$work/source" ARCH="$kernel_arch" O="$work/objects" \
    "${kernel_compiler[@]}" -j "$jobs" "$@"
}

configure_kernel() {
  if [[ $work/objects/.config -nt $kernel_config ]]; then return; fi
  mkdir -p "$work/objects"
  KCONFIG_ALLCONFIG=$kernel_config make_kernel allnoconfig
  local line
  while read -r line; do
    grep -qxF "$line" "$work/objects/.config" || complain "the kernel dropped $line"
  done < <(grep '^CONFIG_' "$kernel_config")
}

# build_kernel NAME TARGET...: its log is build-NAME.log; the caller takes the result from objects/.
# `uname -v` starts with the name, and no date tells two builds of the same source apart.
build_kernel() {
  local name=$1
  shift
  echo "building $name"
  KBUILD_BUILD_VERSION=$name make_kernel "$@" > "$work/build-$name.log" 2>&1 || {
    tail -20 "$work/build-$name.log" >&2
    complain "$name does not build"
    return 1
  }
}
