#!/usr/bin/env bash
# What a reviewer should not have to say: clang-format, shellcheck, cppcheck and clang-tidy over our
# files, tracked or new. Versions differ in taste; Debian 12's (14; cppcheck 2.10) decide.
#   ci/lint.sh [--format-only | --no-tidy] [--since COMMIT] [--minutes COUNT]
#     --format-only    only clang-format and shellcheck
#     --no-tidy        all but clang-tidy
#     --since COMMIT   clang-tidy only for what changed since, and for what includes that directly
#     --minutes COUNT  clang-tidy begins with what changed last, and begins no file after that time
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

cppcheck=yes tidy=yes since='' minutes=''
while (($#)); do
  case $1 in
    --format-only) cppcheck=no tidy=no ;;
    --no-tidy) tidy=no ;;
    --since) since=${2:?--since needs a commit}; shift ;;
    --minutes) minutes=${2:?--minutes needs a number}; shift ;;
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

# Reads sources, prints them: new ones and those that changed last come first. A header that changed
# brings the source of its name along.
newest_first() {
  local sources
  sources=$(cat)
  {
    git ls-files --others --modified --exclude-standard
    git log --format= --name-only
    echo "$sources"
  } | sed 's/\.h$/.cpp/' | awk -v sources="$sources" '
    BEGIN { for (i = split(sources, names, "\n"); i > 0; --i) wanted[names[i]] = 1 }
    $0 in wanted && !seen[$0]++'
}

# How it is compiled is told to clang-tidy without precompiled headers, which it would read as text.
configure() {
  cmake --preset debug -B build/lint -D NSBENCH_PRECOMPILE=OFF > build/lint.log || { cat build/lint.log; return 1; }
}

run_tidy() {
  local sources unbuilt count end=''
  sources=$(sources_to_tidy | newest_first)
  count=$(grep -c . <<< "$sources" || true)
  [[ -n $sources ]] || { echo 'clang-tidy: no files'; return 0; }
  unbuilt=$(while read -r file; do
    grep -qF "\"file\": \"$PWD/$file\"" build/lint/compile_commands.json || echo "$file"
  done <<< "$sources")
  if [[ -n $unbuilt ]]; then
    echo "lint: no target compiles these files:" "$unbuilt" >&2
    return 1
  fi
  [[ -z $minutes ]] || end=$(($(date +%s) + minutes * 60))
  : > build/lint-tidied.txt
  # What clang-tidy suppressed in other people's headers is no news.
  # shellcheck disable=SC2016 # these are the inner shell's
  xargs -P "${NSBENCH_JOBS:-2}" -n 1 bash -c '
    if [[ -n $1 ]] && (($(date +%s) >= $1)); then exit 0; fi
    echo "$2" >> build/lint-tidied.txt
    clang-tidy --quiet -p build/lint "$2"' bash "$end" <<< "$sources" \
    2> >(grep -vE '^[0-9]+ warnings? (generated|treated as errors)' >&2) || return 1
  echo "clang-tidy: $(wc -l < build/lint-tidied.txt) of $count files${minutes:+, those that changed last, in $minutes minutes}"
}

# It analyses only what changed since it last did. Where it gives up by an error of its own (2.10 does at
# some literals such as 20s) it says so, and that is no finding.
run_cppcheck() {
  mkdir -p build/lint/cppcheck
  our_files '*.cpp' '*.c' > build/lint-sources.txt
  echo "$(cppcheck --version): $(wc -l < build/lint-sources.txt) files"
  cppcheck --quiet -j "${NSBENCH_JOBS:-2}" --file-list=build/lint-sources.txt \
    --cppcheck-build-dir=build/lint/cppcheck --suppressions-list=ci/cppcheck.txt --inline-suppr \
    --enable=warning,performance,portability --std=c++20 --library=posix,gnu,googletest \
    -D__x86_64__=1 -D__linux__=1 '-DElfW(type)=Elf64_##type' -I . \
    --template='{file}:{line}:{column}: {severity}: {message} [{id}]' \
    2> build/lint-cppcheck.txt || return 1
  cat build/lint-cppcheck.txt
  ! grep -qvF '[cppcheckError]' build/lint-cppcheck.txt
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

if [[ $cppcheck == yes ]]; then
  run_cppcheck || failed+=(cppcheck)
fi

if [[ $tidy == yes ]]; then
  { configure && run_tidy; } || failed+=(clang-tidy)
fi

if ((${#failed[@]})); then
  echo "lint: failed: ${failed[*]}" >&2
  exit 1
fi
echo "lint: clean"
