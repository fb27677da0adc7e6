#!/usr/bin/env bash
# Fetches the source of Google Benchmark that this distribution packages, for nsbench-static:
# Debian and Ubuntu ship no static archive of it. Leaves the machine's apt configuration alone and
# needs no root.
#   ci/fetch-benchmark.sh [DIRECTORY]      (default: build/deps/benchmark, where CMake looks)
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${1:-$root/build/deps/benchmark}
package=libbenchmark-dev
source_package=benchmark
oldest=1.7 # as in ci/cmake/dependencies.cmake

die() {
  echo "fetch-benchmark: $*" >&2
  exit 1
}

if [[ -f $target/CMakeLists.txt ]]; then
  echo "fetch-benchmark: $target is there already"
  exit 0
fi
command -v apt-get > /dev/null || die "no apt-get here; CMake downloads the upstream release instead"

policy=$(apt-cache policy "$package")
version=$(awk '$1 == "Candidate:" { print $2 }' <<< "$policy")
[[ -n $version && $version != '(none)' ]] || die "no archive offers $package; run 'apt-get update'"
if dpkg --compare-versions "$version" lt "$oldest"; then
  echo "fetch-benchmark: $package is $version here; CMake will download a newer one"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# As root, apt downloads as the user _apt, which has to reach the directory.
chmod 755 "$work"

# The apt sources that offer the binary package, rewritten to ask for sources. Only those, because
# third-party archives often have none.
archives=$(awk '$3 ~ "/" && $5 == "Packages" { print $2, $3 }' <<< "$policy")
mkdir "$work/sources"
# shellcheck disable=SC2016  # the $() are apt's
apt-get indextargets --format '$(REPO_URI)|$(RELEASE)/$(COMPONENT)|$(SOURCESENTRY)' \
  'Created-By: Packages' | while IFS='|' read -r uri suite entry; do
  if grep -Fqx "${uri%/} $suite" <<< "$archives"; then
    echo "${entry%:*}"
  fi
done | sort -u | while read -r file; do
  case $file in
    *.sources) sed -E 's/^Types:.*/Types: deb-src/I' "$file" ;;
    *) sed -En 's/^[[:space:]]*deb[[:space:]]/deb-src /p' "$file" ;;
  esac > "$work/sources/$(basename "$file")"
done
compgen -G "$work/sources/*" > /dev/null || die "cannot tell which archive $package comes from"

mkdir -p "$work/lists/partial" "$work/cache/archives/partial" "$work/download"
if [[ $(id -u) == 0 ]] && id _apt > /dev/null 2>&1; then
  chown _apt "$work/lists/partial" "$work/cache/archives/partial" "$work/download"
fi
apt_get() {
  apt-get -q \
    -o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts="$work/sources" \
    -o Dir::State::lists="$work/lists" -o Dir::Cache="$work/cache" \
    -o Acquire::Retries=3 "$@"
}
apt_get update
# apt checks the tarball against the signed index.
(cd "$work/download" && apt_get source --download-only --tar-only "$source_package")

tarballs=("$work"/download/"$source_package"_*.orig.tar.*)
[[ ${#tarballs[@]} == 1 && -f ${tarballs[0]} ]] || die "expected one upstream tarball: ${tarballs[*]}"
echo "fetch-benchmark: $(sha256sum "${tarballs[0]}" | sed "s|$work/download/||")"

# Unpacked beside its place and then renamed: a directory that exists is complete.
mkdir -p "$(dirname "$target")"
unpacked=$(mktemp -d "$(dirname "$target")/.benchmark.XXXXXX")
chmod 755 "$unpacked"
tar -xf "${tarballs[0]}" -C "$unpacked" --strip-components=1 --no-same-owner
[[ -f $unpacked/CMakeLists.txt ]] || die "the tarball holds no CMakeLists.txt"
rm -rf "$target"
mv "$unpacked" "$target"
echo "fetch-benchmark: $target"
