#!/usr/bin/env bash
# Fetches a package from the npm registry, and refuses any but the one that was looked at.
#   ci/fetch-from-npm.sh uplot|playwright-core [DIRECTORY]    (default: build/deps/NAME)
#     uplot            the charts of HTML pages; CMake looks for it there
#     playwright-core  drives Chromium in the test of HTML pages
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
name=${1:-}
target=${2:-$root/build/deps/$name}

die() {
  echo "fetch-from-npm: $*" >&2
  exit 1
}

case $name in
  uplot) version=1.6.32 hash=4b8a8191e425658e3ea8c8c1314b0fc679c861ee3a1af2b20c7b16ba50b5133d ;;
  playwright-core) version=1.65.1 hash=6f5a60be62a4fddfbe7d10c448d8fbd54547da3358f2f8a04211440471ee863e ;;
  *) die "uplot or playwright-core?" ;;
esac

if grep -qsF "\"version\": \"$version\"" "$target/package.json"; then
  echo "fetch-from-npm: $target is there already"
  exit 0
fi
command -v npm > /dev/null || die "no npm here, and $name $version is not in $target"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "$name@$version" > /dev/null)
tarball=$work/$name-$version.tgz
[[ -f $tarball ]] || die "npm gave no $name-$version.tgz"
sha256sum --quiet --check <<< "$hash  $tarball" || die "$name $version is not the one we know"

# Unpacked beside its place and then renamed: a directory that exists is complete.
mkdir -p "$(dirname "$target")"
unpacked=$(mktemp -d "$(dirname "$target")/.$name.XXXXXX")
chmod 755 "$unpacked"
tar -xzf "$tarball" -C "$unpacked" --strip-components=1 --no-same-owner
rm -rf "$target"
mv "$unpacked" "$target"
echo "fetch-from-npm: $target, $name $version"
