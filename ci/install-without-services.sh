#!/usr/bin/env bash
# Installs packages of Debian for a trial, and none of their services: none is started now, and none will
# be at the next boot. For the scripts here that bring up what they need in namespaces of their own.
# Those that are there already are left alone.
#   ci/install-without-services.sh yes|no PACKAGE...   no: what is missing is named, and the exit status 1
# Needs root, where one is missing.
set -euo pipefail
[[ $# -gt 1 && $1 =~ ^(yes|no)$ ]] || { sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}" >&2; exit 2; }

install=$1
shift
missing=()
for package in "$@"; do
  [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2> /dev/null) == installed ]] || missing+=("$package")
done
((${#missing[@]})) || exit 0
[[ $install == yes ]] || { echo "not installed: ${missing[*]}" >&2; exit 1; }

readonly policy=/usr/sbin/policy-rc.d
enabled() {
  find /etc/systemd/system -mindepth 2 -type l -path '*.wants/*' 2> /dev/null | sort
}
if [[ ! -e $policy ]]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\nexit 101\n' > "$policy"
  chmod 755 "$policy"
fi
before=$(enabled)
apt_get=(env DEBIAN_FRONTEND=noninteractive apt-get -q -o Acquire::Retries=3 -o DPkg::Lock::Timeout=300)
"${apt_get[@]}" update
"${apt_get[@]}" install -y --no-install-recommends "${missing[@]}" < /dev/null
comm -13 <(echo "$before") <(enabled) | while read -r link; do
  systemctl disable "$(basename "$link")" > /dev/null 2>&1 || true
done
