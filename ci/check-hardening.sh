#!/usr/bin/env bash
# How programs were hardened, read from them themselves: ci/check-hardening.sh PROGRAM...
# Exits 1, and names each, where one lacks something that a release build has:
#   position independence (static-pie, with no loader, where the name ends in -static), full RELRO, a
#   stack that is not executable, no segment both writable and executable, no relocation of code, no
#   RPATH; and in what was compiled: stack protector, probes against stack clashes, FORTIFY_SOURCE, and the
#   standard library's assertions. Control-flow enforcement (CET) is told only: it is lost where a library
#   of the distribution has none.
#   ci/check-hardening.sh --refuses [COMPILER]   the other way: a program compiled with none of it, and one
#   that only says that it is static, must be complained of in every respect
set -euo pipefail

(($#)) || { sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2; }

complaints=()

# wants DESCRIPTION COMMAND...: one complaint where the command fails.
wants() {
  local description=$1
  shift
  "$@" || complaints+=("$description")
}

# shellcheck disable=SC2317 # called by wants
has() { grep -qE "$1" <<< "$2"; }
# shellcheck disable=SC2317 # called by wants
lacks() { ! has "$1" "$2"; }

# count_code PATTERN PROGRAM: how often these bytes are there.
count_code() {
  (LC_ALL=C grep -oaP "$1" "$2" || true) | wc -l
}

check() {
  local program=$1 header segments dynamic symbols canaries clashes cet complaint
  complaints=()
  header=$(readelf -hW "$program")
  segments=$(readelf -lW "$program")
  dynamic=$(readelf -dW "$program")
  symbols=$(readelf --dyn-syms -W "$program")

  wants 'not position independent (ELF type DYN)' has 'Type: +DYN' "$header"
  wants 'not position independent (DT_FLAGS_1: PIE)' has 'FLAGS_1.*PIE' "$dynamic"
  wants 'no RELRO segment' has '^ +GNU_RELRO' "$segments"
  wants 'RELRO is partial: no BIND_NOW' has '\(FLAGS\).*BIND_NOW|FLAGS_1.*NOW|\(BIND_NOW\)' "$dynamic"
  wants 'no GNU_STACK, which means an executable stack' has '^ +GNU_STACK' "$segments"
  wants 'the stack is executable' lacks '^ +GNU_STACK.* RWE' "$segments"
  wants 'a segment is writable and executable' lacks '^ +LOAD.* RWE' "$segments"
  wants 'code is relocated (TEXTREL)' lacks 'TEXTREL' "$dynamic"
  wants 'RPATH or RUNPATH is set' lacks '\((RPATH|RUNPATH)\)' "$dynamic"

  # A static one has no names left: its stack protector is read from the code. The rest is of the same
  # objects as the program without -static.
  canaries=$(count_code '\x64\x48[\x2b\x8b].\x25\x28\x00\x00\x00' "$program") # mov or sub %fs:0x28, %reg
  clashes=$(count_code '\x48\x83(\x0c\x24|\x4c\x24.)\x00' "$program")         # orq $0, (%rsp)
  if [[ $(uname -m) == x86_64 ]]; then
    wants 'no stack protector (no canary is read)' test "$canaries" -gt 0
    # Clang's look like any other store.
    if lacks clang "$(readelf -p .comment "$program" 2> /dev/null)"; then
      wants 'no probes against stack clashes' test "$clashes" -gt 0
    fi
  fi
  if [[ $program == *-static ]]; then
    wants 'not static: it wants a loader' lacks '^ +INTERP' "$segments"
    wants 'not static: it wants libraries' lacks '\(NEEDED\)' "$dynamic"
  else
    wants 'no stack protector (__stack_chk_fail)' has ' __stack_chk_fail' "$symbols"
    wants 'no FORTIFY_SOURCE (__*_chk)' has ' __[a-z]+_chk(@|$)' "$symbols"
    wants 'no assertions of the standard library' has '__glibcxx_assert_fail' "$symbols"
  fi

  cet=$(readelf -nW "$program" 2> /dev/null | sed -n 's/.*x86 feature: *//p' | head -n 1)
  echo "$program: $canaries canaries read, $(grep -oE ' __[a-z]+_chk' <<< "$symbols" | sort -u | wc -l)" \
    "fortified calls, CET: ${cet:-none}"
  for complaint in "${complaints[@]+"${complaints[@]}"}"; do
    echo "$program: $complaint"
  done
  ((${#complaints[@]} == 0))
}

# Two programs without any of it, so that every complaint is heard once.
refuses() {
  local compiler=${1:-c++} said complaint status=0
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  echo 'asm(".section both, \"awx\"; .byte 1; .text"); int main() {}' > "$folder/source.cpp"
  "$compiler" -no-pie -fno-stack-protector -fno-stack-clash-protection -U_FORTIFY_SOURCE "$folder/source.cpp" \
    -Wl,-z,norelro,-z,lazy,-z,execstack,-rpath,/tmp -o "$folder/soft"
  cp "$folder/soft" "$folder/soft-static"
  said=$(check "$folder/soft" || true; check "$folder/soft-static" || true)
  echo "${said//"$folder/"/}"
  for complaint in 'ELF type DYN' 'DT_FLAGS_1: PIE' 'no RELRO' 'no BIND_NOW' 'the stack is executable' \
    'writable and executable' 'RUNPATH' 'no canary is read' 'stack clashes' '__stack_chk_fail' \
    'FORTIFY_SOURCE' 'assertions of the standard library' 'wants a loader' 'wants libraries'; do
    grep -qF "$complaint" <<< "$said" || {
      echo "not complained of: $complaint" >&2
      status=1
    }
  done
  return "$status"
}

if [[ $1 == --refuses ]]; then
  refuses "${@:2}"
  exit
fi

status=0
for program in "$@"; do
  check "$program" || status=1
done
exit "$status"
