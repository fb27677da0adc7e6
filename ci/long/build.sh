#!/usr/bin/env bash
# Builds kernels of Debian's linux-source-6.12 for QEMU: one as it is, linux-base, and one per patch in
# plants/, each with one slowdown of known size. run.sh then shows whether nsbench gate finds them.
#   ci/long/build.sh [--install] [--list] [NAME...]
#     --install  first install what building takes (Debian 12 with its security updates, or newer)
#     --list     only print the names
#     NAME...    these only (default: all); linux-base is always built
# Environment: LONG_KERNELS, where all of it goes (default build/long; 2 GB); JOBS, how many compilers
# at once (default: as many as CPUs). A quarter of an hour on two cores, then a minute for each plant.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/kernel-tree.sh
source "$here/../kernel-tree.sh"
work=${LONG_KERNELS:-$here/../../build/long}
jobs=${JOBS:-$(nproc)}
kernel_arch=x86_64
kernel_config=$here/kernel.config
kernel_needs+=(libelf-dev qemu-system-x86)

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

all_names() {
  local patch
  for patch in "$here"/plants/*.patch; do basename "$patch" .patch; done
}

build() {
  build_kernel "$1" bzImage || return 1
  cp "$work/objects/arch/x86/boot/bzImage" "$work/linux-$1.new"
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
      [[ -e $here/plants/$argument.patch ]] || { complain "no plants/$argument.patch"; exit 2; }
      names+=("$argument")
      ;;
  esac
done
((${#names[@]})) || mapfile -t names < <(all_names)

mkdir -p "$work"
work=$(cd "$work" && pwd)
trap unpatch_kernel EXIT
trap 'exit 130' INT TERM
# What an interrupted build left in the source is taken out.
unpatch_kernel
# So is what an interrupted bisect.sh left in it.
if [[ -d $work/bisect/history.git ]]; then
  git --git-dir="$work/bisect/history.git" --work-tree="$work/source" -C "$work/source" \
    checkout --quiet --force as-it-is
fi
# shellcheck disable=SC2119  # no patches are in every kernel
unpack_kernel
configure_kernel
[[ $work/linux-base -nt $work/objects/.config ]] || build base
failed=0
for name in "${names[@]}"; do
  patch=$here/plants/$name.patch
  [[ $work/linux-$name -nt $patch && $work/linux-$name -nt $work/linux-base ]] && continue
  patch_kernel "$patch"
  build "$name" || failed=1
  unpatch_kernel
done
exit "$failed"
