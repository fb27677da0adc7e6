#!/usr/bin/env bash
# Builds User-Mode Linux kernels of Debian's linux-source-6.12: one as it is, and one per patch in
# breaks/, each with one isolation bug. run.sh then shows what nsbench makes of them.
#   ci/broken-kernels/build.sh [--install] [--list] [NAME...]
#     --install  first install what building takes (Debian 12 with backports' updates, or newer)
#     --list     only print the names
#     NAME...    these only (default: all); the unbroken one is always built
# Environment: BROKEN_KERNELS, where all of it goes (default build/broken-kernels; 3 GB);
# JOBS, how many compilers at once (default: as many as CPUs).
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/kernel-tree.sh
source "$here/../kernel-tree.sh"
work=${BROKEN_KERNELS:-$here/../../build/broken-kernels}
jobs=${JOBS:-$(nproc)}
kernel_arch=um
kernel_config=$here/kernel.config

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

all_names() {
  local patch
  for patch in "$here"/breaks/*.patch; do basename "$patch" .patch; done
}

build() {
  build_kernel "$1" linux || return 1
  strip -o "$work/linux-$1.new" "$work/objects/linux"
  mv "$work/linux-$1.new" "$work/linux-$1"
}

names=()
for argument in "$@"; do
  case $argument in
    --install) install_kernel_needs ;;
    --list) all_names; exit 0 ;;
    -h | --help) usage; exit 0 ;;
    -*) usage >&2; exit 2 ;;
    *)
      [[ -e $here/breaks/$argument.patch ]] || { echo "build.sh: no breaks/$argument.patch" >&2; exit 2; }
      names+=("$argument")
      ;;
  esac
done
((${#names[@]})) || mapfile -t names < <(all_names)

mkdir -p "$work"
work=$(cd "$work" && pwd)
trap unpatch_kernel EXIT
trap 'exit 130' INT TERM
unpatch_kernel
unpack_kernel "$here/uml-time-namespace.patch"
configure_kernel
[[ $work/linux-unbroken -nt $work/objects/.config ]] || build unbroken
failed=0
for name in "${names[@]}"; do
  patch=$here/breaks/$name.patch
  [[ $work/linux-$name -nt $patch && $work/linux-$name -nt $work/linux-unbroken ]] && continue
  patch_kernel "$patch"
  build "$name" || failed=1
  unpatch_kernel
done
exit "$failed"
