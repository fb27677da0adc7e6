#!/usr/bin/env bash
# What a reviewer should not have to say: clang-format, clang-tidy and shellcheck over our files,
# tracked or new. Versions differ in taste; Debian 12's (14) decide.
#   ci/lint.sh [--format-only] [--since COMMIT]
#     --format-only   all but clang-tidy
#     --since COMMIT  clang-tidy only for what changed since, and for what includes that directly
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

tidy=yes since=
while (($#)); do
  case $1 in
    --format-only) tidy=no ;;
    --since) since=${2:?--since needs a commit}; shift ;;
    *) sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
  shift
done

our_files() {
  git ls-files --cached --others --exclude-standard -- "$@" | while read -r file; do
    [[ ! -f $file ]] || echo "$file"
  done
}

# The sources that clang-tidy looks at, one a line.
sources_to_tidy() {
  local changed header
  if [[ -z $since ]]; then
    our_files '*.cpp' '*.c'
    return
  fi
  changed=$(git diff --name-only "$since" -- && git ls-files --others --exclude-standard)
  if grep -qxF .clang-tidy <<< "$changed"; then
    our_files '*.cpp' '*.c'
    return
  fi
  {
    grep -E '\.(cpp|c)$' <<< "$changed" || true
    while read -r header; do
      our_files '*.cpp' '*.c' | xargs -r grep -lF "#include \"$header\"" || true
    done < <(grep -E '\.h$' <<< "$changed")
  } | sort -u | while read -r file; do
    [[ ! -f $file ]] || echo "$file"
  done
}

run_tidy() {
  local sources unbuilt
  sources=$(sources_to_tidy)
  echo "clang-tidy: $(grep -c . <<< "$sources") files"
  [[ -n $sources ]] || return 0
  cmake --preset debug -B build/lint > build/lint.log || { cat build/lint.log; return 1; }
  unbuilt=$(while read -r file; do
    grep -qF "\"file\": \"$PWD/$file\"" build/lint/compile_commands.json || echo "$file"
  done <<< "$sources")
  if [[ -n $unbuilt ]]; then
    echo "lint: no target compiles these files:" "$unbuilt" >&2
    return 1
  fi
  # What clang-tidy suppressed in other people's headers is no news.
  xargs -P "${NSBENCH_JOBS:-2}" -n 1 clang-tidy --quiet -p build/lint <<< "$sources" \
    2> >(grep -vE '^[0-9]+ warnings? (generated|treated as errors)' >&2)
}

mkdir -p build
failed=()

echo "clang-format: $(clang-format --version)"
our_files '*.cpp' '*.h' '*.c' | xargs -r clang-format --dry-run -Werror || failed+=(clang-format)

our_files | while read -r file; do
  if [[ $(head -c 64 "$file" | head -n 1 | tr -d '\0') =~ ^#!.*(bash|/sh|env\ sh)( |$) ]]; then
    echo "$file"
  fi
done > build/lint-scripts.txt
echo "shellcheck: $(wc -l < build/lint-scripts.txt) scripts"
xargs -r shellcheck < build/lint-scripts.txt || failed+=(shellcheck)

if [[ $tidy == yes ]]; then
  run_tidy || failed+=(clang-tidy)
fi

if ((${#failed[@]})); then
  echo "lint: failed: ${failed[*]}" >&2
  exit 1
fi
echo "lint: clean"
