#!/usr/bin/env bash
# Fetches kernels to boot, packages of Debian, and unpacks them without installing anything: needs no
# root, and leaves the machine's apt configuration alone. What is there already is not fetched again.
#   ci/fetch-kernels.sh [--dir DIRECTORY] [6.1] [6.12] [uml]...      (default: all three)
#     --dir DIRECTORY  where they go (default: build/deps/kernels)
#     6.1, 6.12, ...   Debian's cloud kernel of that series for amd64, the newest: debian-6.12/vmlinuz,
#                      config, and modules/ with a modules.dep
#     uml              User-Mode Linux: uml-6.1/linux and modules/
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
kernels=$root/build/deps/kernels

die() {
  echo "fetch-kernels: $*" >&2
  exit 1
}

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

# Where a release's own archives don't offer a series, its backports may: the same mirrors, asked with
# lists of our own. That also helps where the machine's lists are missing or too old.
private_options=()
use_private_lists() {
  ((${#private_options[@]} == 0)) || return 1
  local release
  release=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
  # shellcheck disable=SC2016  # the $() are apt's
  apt-get indextargets --format '$(REPO_URI) $(CODENAME)' 'Created-By: Packages' |
    awk -v release="$release" '
      index($2, release) == 1 { print "deb", $1, $2, "main" }
      $2 == release { print "deb", $1, release "-backports", "main" }' |
    sort -u > "$work/sources.list"
  grep -q . "$work/sources.list" || return 1
  mkdir -p "$work/lists/partial" "$work/cache/archives/partial"
  if [[ $(id -u) == 0 ]] && id _apt > /dev/null 2>&1; then
    chown _apt "$work/lists/partial" "$work/cache/archives/partial"
  fi
  private_options=(
    -o Dir::Etc::sourcelist="$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache"
  )
  # A mirror need not have every suite.
  apt-get -q -o Acquire::Retries=3 "${private_options[@]}" update ||
    echo "fetch-kernels: apt could not read every archive" >&2
}

# The newest package whose whole name matches.
newest_package() {
  apt-cache "${private_options[@]}" search --names-only "^$1\$" | awk '{ print $1 }' | sort -V | tail -n 1
}

# download NAME_PATTERN: prints the path of the package.
try_download() {
  local package
  package=$(newest_package "$1")
  [[ -n $package ]] || return 1
  rm -f "$work"/download/*.deb
  (cd "$work/download" &&
    apt-get -q -o Acquire::Retries=3 "${private_options[@]}" download "$package") >&2
}

download() {
  try_download "$1" || { use_private_lists >&2 && try_download "$1"; } ||
    die "no archive of this machine's release, nor its backports, gives a package $1; was there an 'apt-get update'?"
}

# depmod is run when a kernel is installed, which this one is not.
run_depmod() {
  local directory=$1 version=$2 depmod
  depmod=$(PATH=$PATH:/usr/sbin:/sbin command -v depmod) || {
    [[ -d $work/kmod ]] || {
      download libkmod2
      dpkg-deb -x "$work"/download/*.deb "$work/kmod"
      download kmod
      dpkg-deb -x "$work"/download/*.deb "$work/kmod"
    }
    # It is kmod by another name.
    ln -sf "$(find "$work/kmod" -path '*bin/kmod' -type f)" "$work/depmod"
    depmod=$work/depmod
  }
  LD_LIBRARY_PATH=$(find "$work/kmod" -name 'libkmod.so.*' -printf '%h' -quit 2> /dev/null || true) \
    "$depmod" -b "$directory" "$version"
}

# Unpacked beside its place and then renamed: a directory that exists is complete.
finish() {
  local unpacked=$1 target=$2 modules
  modules=$(cd "$unpacked" && find . -type d -path '*/modules/*' -name '[0-9]*' -prune -print -quit)
  [[ -n $modules ]] || die "the package holds no modules"
  if [[ ! -s $unpacked/$modules/modules.dep ]]; then
    [[ -e $unpacked/lib ]] || ln -s usr/lib "$unpacked/lib"
    run_depmod "$unpacked" "$(basename "$modules")"
  fi
  [[ -s $unpacked/$modules/modules.dep ]] || die "depmod made no modules.dep"
  ln -s "${modules#./}" "$unpacked/modules"
  chmod 755 "$unpacked"
  rm -rf "$target"
  mv "$unpacked" "$target"
  echo "fetch-kernels: $target, $(basename "$modules")"
}

unpack() {
  mkdir -p "$kernels"
  unpacked=$(mktemp -d "$kernels/.unpacked.XXXXXX")
  dpkg-deb -x "$work"/download/*.deb "$unpacked"
}

fetch_debian() {
  local series=$1 target=$kernels/debian-$1 image config
  if [[ -e $target/vmlinuz && -e $target/modules/modules.dep ]]; then
    echo "fetch-kernels: $target is there already"
    return
  fi
  download "linux-image-${series//./\\.}\\.[0-9][^ ]*-cloud-amd64"
  unpack
  image=$(cd "$unpacked" && find . -name 'vmlinuz-*' -type f -print -quit)
  [[ -n $image ]] || die "the package holds no vmlinuz"
  ln -s "${image#./}" "$unpacked/vmlinuz"
  config=${image#./}
  ln -s "${config/vmlinuz-/config-}" "$unpacked/config"
  finish "$unpacked" "$target"
}

fetch_uml() {
  local present series
  for present in "$kernels"/uml-*/linux; do
    [[ -e $present && -e $(dirname "$present")/modules/modules.dep ]] || continue
    echo "fetch-kernels: $(dirname "$present") is there already"
    return
  done
  download user-mode-linux
  series=$(dpkg-deb --field "$work"/download/*.deb Version)
  series=${series%%um*}
  unpack
  [[ -x $unpacked/usr/bin/linux.uml ]] || die "the package holds no linux.uml"
  ln -s usr/bin/linux.uml "$unpacked/linux"
  finish "$unpacked" "$kernels/uml-$series"
}

wanted=()
while (($#)); do
  case $1 in
    --dir) kernels=${2:?--dir needs a directory}; shift ;;
    [0-9]*.[0-9]* | uml) wanted+=("$1") ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
((${#wanted[@]})) || wanted=(6.1 6.12 uml)
for command in apt-get apt-cache dpkg-deb; do
  command -v "$command" > /dev/null || die "no $command here: these are Debian's packages"
done

work=$(mktemp -d)
unpacked=
trap 'rm -rf "$work" ${unpacked:+"$unpacked"}' EXIT
trap 'exit 130' INT TERM
# As root, apt downloads as the user _apt, which has to reach the directory.
chmod 755 "$work"
mkdir "$work/download"
if [[ $(id -u) == 0 ]] && id _apt > /dev/null 2>&1; then
  chown _apt "$work/download"
fi
for kernel in "${wanted[@]}"; do
  case $kernel in
    uml) fetch_uml ;;
    *) fetch_debian "$kernel" ;;
  esac
done
