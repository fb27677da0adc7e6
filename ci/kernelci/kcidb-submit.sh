#!/usr/bin/env bash
# Sends reports of one kernel to KCIDB, with the commit that the kernel was built of: without that, their
# dashboard does not show them.
#   kcidb-submit.sh --origin NAME --commit HASH --tree NAME --repository URL [--branch NAME]
#                   [--url URL --token-file FILE] REPORT.json...
#     --origin NAME      who sends: what you and KernelCI have agreed on
#     --commit HASH      the whole hash; the kernel has no patches beyond it
#     --tree, --branch   as KernelCI calls it: mainline, next, stable-rc, ...
#     --url URL          of the service, with /submit; without it, what would be sent is printed
#     --token-file FILE  what the service knows you by, and nothing else
# The same reports make the same ids: sent twice, they are in the database once. Needs nsbench (NSBENCH), jq
# and curl. Exits 0 if it was taken, 1 if not, 2 if it was not tried.
set -euo pipefail

die() {
  echo "kcidb-submit.sh: $*" >&2
  exit 2
}

origin='' commit='' tree='' repository='' branch='' url='' token_file=''
while (($#)); do
  case $1 in
    --origin | --commit | --tree | --repository | --branch | --url | --token-file)
      name=${1#--}
      printf -v "${name//-/_}" %s "${2:?$1 needs a value}"
      shift
      ;;
    -h | --help) sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) die "$1: see --help" ;;
    *) break ;;
  esac
  shift
done
(($#)) || die 'no reports'
[[ -n $origin && -n $tree && -n $repository ]] || die '--origin, --tree and --repository are needed'
[[ $commit =~ ^([0-9a-f]{40}|[0-9a-f]{64})$ ]] || die "--commit '$commit': not a whole hash"
[[ -z $url || -r $token_file ]] || die '--url needs --token-file'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# What the kernel did is in the report, and no reason not to send it: 1 and 3 are such.
status=0
"${NSBENCH:-nsbench}" report "$@" --format kcidb --origin "$origin" --output "$scratch/kcidb.json" || status=$?
[[ $status != 2 && -s $scratch/kcidb.json ]] || die "nsbench report exited $status"
jq --arg commit "$commit" --arg tree "$tree" --arg repository "$repository" --arg branch "$branch" '
  if (.checkouts | length) != 1 then error("the reports are of \(.checkouts | length) kernels") else . end |
  .checkouts[0] += {git_commit_hash: $commit, tree_name: $tree, git_repository_url: $repository,
                    patchset_hash: ""} |
  if $branch != "" then .checkouts[0].git_repository_branch = $branch else . end' "$scratch/kcidb.json" > "$scratch/sent.json" ||
  die 'these are not reports of one kernel'
if [[ -z $url ]]; then
  cat "$scratch/sent.json"
  exit 0
fi
# The token is told to nobody who lists processes.
printf 'header = "Authorization: Bearer %s"\n' "$(tr -d '\r\n' < "$token_file")" |
  curl --silent --show-error --fail-with-body --max-time 300 --config - \
    --header 'Content-Type: application/json' --data-binary "@$scratch/sent.json" "$url" || exit 1
echo
