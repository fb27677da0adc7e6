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
work=${BROKEN_KERNELS:-$here/../../build/broken-kernels}
jobs=${JOBS:-$(nproc)}
version=6.12
tarball=/usr/src/linux-source-$version.tar.xz
needed=("linux-source-$version" make gcc flex bison bc xz-utils patch)

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

all_names() {
  local patch
  for patch in "$here"/breaks/*.patch; do basename "$patch" .patch; done
}

# A patch has to fit exactly: context that has changed means that the bug has to be looked at again.
apply() {
  patch --quiet --strip=1 --fuzz=0 --no-backup-if-mismatch --directory="$work/source" "$@"
}

# Breaks are applied to the one source tree. What an interrupted build left in it is taken out.
unbreak() {
  [[ -e $work/applied.patch ]] || return 0
  apply --reverse < "$work/applied.patch"
  rm "$work/applied.patch"
}

break_by() {
  apply --dry-run < "$1"
  cp "$1" "$work/applied.patch"
  apply < "$1"
}

make_kernel() {
  nice make --silent -C "$work/source" ARCH=um O="$work/objects" "${compiler[@]}" -j "$jobs" "$@"
}

unpack() {
  if [[ ! -e $work/source.done ]]; then
    [[ -r $tarball ]] || { echo "build.sh: no $tarball; see --install" >&2; exit 1; }
    echo "unpacking $tarball"
    rm -rf "$work/source"
    mkdir -p "$work/source"
    tar -xJf "$tarball" -C "$work/source" --strip-components=1
    apply < "$here/uml-time-namespace.patch"
    touch "$work/source.done"
  fi
}

configure() {
  [[ $work/objects/.config -nt $here/kernel.config ]] && return
  mkdir -p "$work/objects"
  KCONFIG_ALLCONFIG=$here/kernel.config make_kernel allnoconfig
  local line
  while read -r line; do
    grep -qxF "$line" "$work/objects/.config" || echo "build.sh: the kernel dropped $line" >&2
  done < <(grep '^CONFIG_' "$here/kernel.config")
}

build() {
  local name=$1
  echo "building $name"
  make_kernel linux > "$work/build-$name.log" 2>&1 || {
    tail -20 "$work/build-$name.log" >&2
    echo "build.sh: $name does not build" >&2
    return 1
  }
  strip -o "$work/linux-$name.new" "$work/objects/linux"
  mv "$work/linux-$name.new" "$work/linux-$name"
}

names=()
for argument in "$@"; do
  case $argument in
    --install)
      apt-get -q update
      DEBIAN_FRONTEND=noninteractive apt-get -q install -y --no-install-recommends "${needed[@]}"
      ;;
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

compiler=()
command -v ccache > /dev/null && compiler=("CC=ccache gcc")
mkdir -p "$work"
work=$(cd "$work" && pwd)
trap unbreak EXIT
trap 'exit 130' INT TERM
unbreak
unpack
configure
[[ $work/linux-unbroken -nt $work/objects/.config ]] || build unbroken
failed=0
for name in "${names[@]}"; do
  patch=$here/breaks/$name.patch
  [[ $work/linux-$name -nt $patch && $work/linux-$name -nt $work/linux-unbroken ]] && continue
  break_by "$patch"
  build "$name" || failed=1
  unbreak
done
exit "$failed"
