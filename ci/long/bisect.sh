#!/usr/bin/env bash
# A history of kernel sources for git bisect, with one commit that breaks isolation: made below
# $LONG_KERNELS/bisect, and bisected with nsbench gate --bisect. Exit status 0 if the bad one is found.
#   ci/long/bisect.sh [--nsbench PROGRAM] [--break NAME] [--at N] [--prepare-only]
#     --nsbench PROGRAM  default: build/release/nsbench, with nsbench-static beside it as init
#     --break NAME       the bad commit: ci/broken-kernels/breaks/NAME.patch (default uts-set-by-anybody)
#     --at N             which of the twelve commits that is: 1 to 11, but not 4 and 6, since nobody
#                        can tell what is next to one that can't be tried (default 5)
#     --prepare-only     make the history, and say how to bisect it
# One commit does not boot, and one does not compile: both are to be stepped over, by exit status 125.
# It is the source tree of build.sh, with its objects, so that a step takes a minute or two; build.sh
# must have built linux-base, which is the good kernel, and must not run at the same time.
# Environment: LONG_KERNELS and JOBS, as for build.sh. GATE_OPTIONS, further words for nsbench gate (no
# blanks within one): "--filter ^uts/ --checks-only" makes a step minutes shorter, for who knows what fails.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=ci/kernel-tree.sh
source "$here/../kernel-tree.sh"
work=${LONG_KERNELS:-$here/../../build/long}
jobs=${JOBS:-$(nproc)}
nsbench=$here/../../build/release/nsbench
broken=uts-set-by-anybody
at=5
prepare_only=no
read -ra gate_options <<< "${GATE_OPTIONS:-}"

usage() {
  sed -n '2,/^set/{s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

die() {
  complain "$*"
  exit 2
}

# Commits that change nothing: FILE|a line of it|what is put below it. But the third does not boot and
# the fifth does not compile; "revert" takes back the one before.
changes=(
  'kernel/utsname.c|	ns->ns.ops = &utsns_operations;|	pr_debug("a uts namespace is made\n");'
  'ipc/namespace.c|	ns->ns.ops = &ipcns_operations;|	pr_debug("an ipc namespace is made\n");'
  'init/main.c|	do_basic_setup();|	panic("this commit does not boot");'
  revert
  'kernel/cgroup/namespace.c|	new_ns->ns.ops = &cgroupns_operations;|	this commit does not compile;'
  revert
  'kernel/pid_namespace.c|	ns->ns.ops = &pidns_operations;|	pr_debug("a pid namespace is made\n");'
  'kernel/time/namespace.c|	ns->ns.ops = &timens_operations;|	pr_debug("a time namespace is made\n");'
  'kernel/user_namespace.c|	ns->ns.ops = &userns_operations;|	pr_debug("a user namespace is made\n");'
  'fs/namespace.c|	new_ns->ns.ops = &mntns_operations;|	pr_debug("a mount namespace is made\n");'
  'net/core/net_namespace.c|	net->ns.ops = &netns_operations;|	pr_debug("a network namespace is made\n");'
)

while (($#)); do
  case $1 in
    --nsbench) nsbench=${2:?}; shift ;;
    --break) broken=${2:?}; shift ;;
    --at) at=${2:?}; shift ;;
    --prepare-only) prepare_only=yes ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
break_patch=$here/../broken-kernels/breaks/$broken.patch
[[ -e $break_patch ]] || die "no ci/broken-kernels/breaks/$broken.patch"
[[ $at =~ ^([1-357-9]|10|11)$ ]] || die "--at is 1 to 11, but not 4 and 6, and not $at"
[[ -e $work/linux-base && -e $work/source.done ]] || die "no $work/linux-base; run ci/long/build.sh"
[[ -x $nsbench || $prepare_only == yes ]] ||
  die "no $nsbench: build it, and nsbench-static"
work=$(cd "$work" && pwd)
nsbench=$(realpath -m "$nsbench")
history=$work/bisect/history.git

# The kernel's sources are the working tree of a repository that only holds what its commits change;
# beside them, because a .git in the tree would get into the kernel's version.
history_git() {
  git --git-dir="$history" --work-tree="$work/source" -C "$work/source" \
    -c user.name=nsbench -c user.email=nsbench@localhost -c advice.detachedHead=false "$@"
}

# What a bisection left is taken out before build.sh sees it.
restore() {
  [[ -d $history ]] || return 0
  history_git checkout --quiet --force as-it-is
}

put_below() {
  local file=$1 line=$2 added=$3
  grep -qxF -- "$line" "$work/source/$file" || die "$file has no line '$line'"
  LINE=$line ADDED=$added awk '{ print } $0 == ENVIRON["LINE"] { print ENVIRON["ADDED"] }' \
    "$work/source/$file" > "$work/bisect/edited"
  cat "$work/bisect/edited" > "$work/source/$file"
}

make_history() {
  local files=() change file line added n=0
  for change in "${changes[@]}"; do
    [[ $change == revert ]] || files+=("${change%%|*}")
  done
  mapfile -t -O "${#files[@]}" files < <(sed -n 's|^+++ b/\([^	]*\).*|\1|p' "$break_patch")
  git init --quiet --bare "$history"
  git --git-dir="$history" config core.bare false
  echo '*' > "$history/info/exclude"
  history_git add --force -- "${files[@]}"
  history_git commit --quiet -m 'Linux, as it is'
  history_git branch as-it-is
  for change in "${changes[@]}"; do
    n=$((n + 1))
    if ((n == at)); then
      apply < "$break_patch"
      history_git commit --quiet --all -m "$(head -n 1 "$break_patch")"
      history_git tag the-bad-one
    fi
    if [[ $change == revert ]]; then
      history_git revert --no-edit HEAD > "$work/bisect/revert.log"
      continue
    fi
    IFS='|' read -r file line added <<< "$change"
    put_below "$file" "$line" "$added"
    history_git commit --quiet --all -m "$file: change number $n"
  done
  history_git tag head
}

trap restore EXIT
trap 'exit 130' INT TERM
unpatch_kernel
restore
rm -rf "$work/bisect"
mkdir -p "$work/bisect"
make_history

quoted_options=
((${#gate_options[@]} == 0)) || printf -v quoted_options ' %q' "${gate_options[@]}"

# What a step does. A commit that does not compile can't be told, so 125; nsbench gate --bisect has the
# exit codes that bisect wants. Git's own variables would make the kernel's build ask for its version.
cat > "$work/bisect/step" << END
unset GIT_DIR GIT_WORK_TREE
KBUILD_BUILD_VERSION=bisect nice make --silent -C '$work/source' ARCH=x86_64 O='$work/objects' -j '$jobs' bzImage || exit 125
'$nsbench' gate --bisect --boots 1 --budget 10 --clock instructions \\
  --base '$work/linux-base' --new '$work/objects/arch/x86/boot/bzImage'$quoted_options
END
if [[ $prepare_only == yes ]]; then
  trap - EXIT
  restore
  cat << END
git --git-dir='$history' --work-tree='$work/source' log --oneline head
cd '$work/source' && export GIT_DIR='$history' GIT_WORK_TREE='$work/source'
git bisect start head as-it-is && git bisect run sh '$work/bisect/step'
END
  exit 0
fi

history_git checkout --quiet head
history_git bisect start head as-it-is
history_git bisect run sh "$work/bisect/step" 2>&1 | tee "$work/bisect/log"
found=$(history_git rev-parse --verify --quiet refs/bisect/bad) || found=
if [[ $found == "$(history_git rev-parse the-bad-one)" ]] && grep -q 'is the first bad commit' "$work/bisect/log"; then
  echo "bisect.sh: found: $(history_git log -1 --format=%s the-bad-one)"
else
  complain "it was not found: $(history_git log -1 --format='%h %s' the-bad-one); see $work/bisect/log"
  exit 1
fi
