#!/usr/bin/env bash
# Fetches kunit.py, the kernel tree's own reader of KTAP, out of the distribution's linux-source
# package; the tests read our KTAP with it. Installs nothing and needs no root.
#   ci/fetch-kunit.sh [DIRECTORY]      (default: build/deps/kunit, where CMake looks)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${1:-$root/build/deps/kunit}

die() {
  echo "fetch-kunit: $*" >&2
  exit 1
}

if [[ -f $target/tools/testing/kunit/kunit.py ]]; then
  echo "fetch-kunit: $target is there already"
  exit 0
fi
command -v apt-get > /dev/null || die "no apt-get here"
package=$(apt-cache depends linux-source | awk '$1 == "Depends:" { print $2; exit }')
[[ -n $package ]] || die "no archive offers linux-source; run 'apt-get update'"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# As root, apt downloads as the user _apt, which has to reach the directory.
chmod 755 "$work"
mkdir "$work/download"
if [[ $(id -u) == 0 ]] && id _apt > /dev/null 2>&1; then
  chown _apt "$work/download"
fi
(cd "$work/download" && apt-get -q -o Acquire::Retries=3 download "$package")

# Unpacked beside its place and then renamed: a directory that exists is complete.
mkdir -p "$(dirname "$target")"
unpacked=$(mktemp -d "$(dirname "$target")/.kunit.XXXXXX")
chmod 755 "$unpacked"
dpkg-deb --fsys-tarfile "$work"/download/*.deb | tar -xO --wildcards './usr/src/linux-source-*.tar.xz' |
  tar -xJ -C "$unpacked" --strip-components=1 --no-same-owner --wildcards '*/tools/testing/kunit/*'
[[ -f $unpacked/tools/testing/kunit/kunit.py ]] || die "$package holds no kunit.py"
rm -rf "$target"
mv "$unpacked" "$target"
echo "fetch-kunit: $target, from $package"
