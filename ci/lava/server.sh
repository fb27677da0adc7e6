#!/usr/bin/env bash
# Runs COMMAND beside a whole LAVA: a server, its scheduler and database, and two workers with a QEMU
# device each, on loopback, without systemd, docker or KVM. Needs root and Debian 12; what is missing is
# installed. All of it, COMMAND too, is in namespaces of its own (mount, pid, net, ipc) and ends with this
# script, however that ends: nothing is left but the packages and DIR, and no port of the host is taken.
#   ci/lava/server.sh [--out DIR] [--no-install] [--and PACKAGE]... [--idle] -- COMMAND...
#     --out DIR       logs, the token (default: build/lava-server, made anew)
#     --no-install    LAVA, PostgreSQL and QEMU are there, or this fails
#     --and PACKAGE   COMMAND needs this one, too
#     --idle          everything by SCHED_IDLE, on a machine that has other work
#   COMMAND finds in its environment:
#     LAVA_URL         http://127.0.0.1:8000/
#     LAVA_TOKEN_FILE  the token of a user who may submit jobs, and no more
#     LAVA_WORKERS     worker-1 worker-2; their devices are qemu-1 and qemu-2, of the type qemu
#   and may, with LAVA as it is then:
#     ci/lava/server.sh kill-worker NAME    all that it runs is killed, as by a power cut
#     ci/lava/server.sh start-worker NAME   it is back, with what was on its disk
#   From a shell beside it: nsenter -a -t $(cat DIR/pid) curl http://127.0.0.1:8000/api/v0.2/jobs/
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
self=$root/ci/lava/server.sh
out=$root/build/lava-server install=yes idle=no
port=8000 postgres=/usr/lib/postgresql/15/bin workers=(worker-1 worker-2)
# Nothing of the caller's: Debian's LAVA is for Debian's Python, and a proxy would get our requests.
clean=(env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/)
sockets=/var/lib/postgresql/sockets
readonly root self port postgres workers clean sockets

die() {
  echo "ci/lava/server.sh: $*" >&2
  exit 1
}

usage() {
  sed -n '2,/^set/{/^set/d;s/^# \{0,1\}//p}' "${BASH_SOURCE[0]}"
}

# as USER COMMAND...
as() {
  "${clean[@]}" setpriv --reuid="$1" --regid="$1" --clear-groups "${@:2}"
}

# Waits for a condition: SECONDS WHAT COMMAND...
wait_for() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@" > /dev/null 2>&1; do
    ((SECONDS < deadline)) || die "waited too long for $what: see $LAVA_OUT/log"
    sleep 0.3
  done
}

# get PATH: of the server's REST API, on standard output.
get() {
  "${clean[@]}" /usr/bin/python3 - "http://127.0.0.1:$port/api/v0.2/$1" << 'PYTHON'
import sys, urllib.request
sys.stdout.write(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())
PYTHON
}

# shellcheck disable=SC2317
is_online() {
  get "workers/$1/" | grep -q '"state":"Online"'
}

# shellcheck disable=SC2317  # these are called by name
start_worker() {
  local name=$1 directory=/var/lib/lava/dispatcher/$1
  # In a pid namespace of its own, so that it can be killed with all that it has started.
  "${clean[@]}" "TMPDIR=$directory/tmp" \
    setsid unshare --pid --fork --kill-child --mount-proc lava-worker --name "$name" \
    --url "http://127.0.0.1:$port/" --ws-url ws://127.0.0.1:8001/ws/ --worker-dir "$directory" \
    --ping-interval 5 --token-file "$directory/token" --level DEBUG \
    --log-file "$LAVA_OUT/log/$name.log" >> "$LAVA_OUT/log/$name.out" 2>&1 < /dev/null &
  echo $! > "$LAVA_OUT/run/$name"
  disown # its end is no news
}

# shellcheck disable=SC2317
kill_worker() {
  local pid first
  pid=$(< "$LAVA_OUT/run/$1")
  first=$(< "/proc/$pid/task/$pid/children")
  kill -KILL "$pid"
  # The first process of a pid namespace is gone when all the others are.
  for _ in $(seq 100); do
    [[ -n $first && -d /proc/${first% } ]] || return 0
    sleep 0.1
  done
  die "$1 does not die"
}

case ${1-} in
  kill-worker | start-worker)
    [[ -n ${LAVA_OUT-} && -f ${LAVA_OUT-}/run/${2-} ]] ||
      die "$1 NAME: only for COMMAND, NAME one of ${workers[*]}"
    "${1//-/_}" "$2"
    exit
    ;;
esac

inside=no packages=(postgresql-15 lava-server lava-dispatcher qemu-system-x86 iproute2)
while (($#)); do
  case $1 in
    --out) out=${2:?--out needs a directory}; shift ;;
    --no-install) install=no ;;
    --and) packages+=("${2:?--and needs a package}"); shift ;;
    --idle) idle=yes ;;
    --inside) inside=yes ;; # in the namespaces: only this script says so
    --) shift; break ;;
    -h | --help) usage; exit 0 ;;
    *) usage >&2; exit 2 ;;
  esac
  shift
done
(($#)) || { usage >&2; exit 2; }

# --- in the namespaces, as their first process -------------------------------------------------------

configure() {
  ip link set lo up
  # State goes with the namespaces; logs stay.
  local directory
  for directory in /etc/lava-server /var/lib/lava-server /var/lib/lava /var/lib/postgresql /dev/shm; do
    mount -t tmpfs tmpfs "$directory"
  done
  chown lavaserver: "$LAVA_OUT/log"
  mount --bind "$LAVA_OUT/log" /var/log/lava-server
  chmod 1777 /dev/shm
  mkdir $sockets
  chmod 1777 $sockets # the publisher's, too
  chown postgres: /var/lib/postgresql
  mkdir -p /etc/lava-server/{settings.d,dispatcher.d} /var/lib/lava-server/{home,default/media/job-output} \
    /etc/lava-server/dispatcher-config/{devices,device-types,health-checks}
  local name number=0
  for name in "${workers[@]}"; do
    number=$((number + 1))
    mkdir -p /var/lib/lava/dispatcher/{tmp,"$name"/tmp} "/etc/lava-server/dispatcher.d/$name"
    # Else it looks for a default route, and there is none.
    echo 'dispatcher_ip: 127.0.0.1' > "/etc/lava-server/dispatcher.d/$name/dispatcher.yaml"
    cat > "/etc/lava-server/dispatcher-config/devices/qemu-$number.jinja2" << 'JINJA'
{% extends 'qemu.jinja2' %}
{% set no_kvm = True %}
{% set memory = 512 %}
{% set extra_options = ['-accel tcg,thread=single', '-cpu max', '-smp 2'] %}
JINJA
  done
  cat > /etc/lava-server/settings.d/server.yaml << YAML
SECRET_KEY: "$(od -An -tx1 -N32 /dev/urandom | tr -d ' \n')"
EVENT_NOTIFICATION: true
EVENT_SOCKET: "tcp://127.0.0.1:5500"
INTERNAL_EVENT_SOCKET: "ipc://$sockets/lava.events"
DATABASES:
  default:
    ENGINE: django.db.backends.postgresql
    NAME: lavaserver
    USER: lavaserver
    HOST: $sockets
YAML
  chown -R lavaserver: /etc/lava-server /var/lib/lava-server
}

start_database() {
  as postgres "$postgres/initdb" --pgdata=/var/lib/postgresql/data --auth=trust --encoding=UTF-8 \
    --locale=C.UTF-8 --no-sync > "$LAVA_OUT/log/postgres.log"
  as postgres "$postgres/postgres" -D /var/lib/postgresql/data -c listen_addresses= -c fsync=off \
    -c unix_socket_directories=$sockets >> "$LAVA_OUT/log/postgres.log" 2>&1 < /dev/null &
  wait_for 60 'the database' as postgres "$postgres/pg_isready" -h $sockets
  as postgres "$postgres/createuser" -h $sockets lavaserver
  as postgres "$postgres/createdb" -h $sockets --owner=lavaserver lavaserver
  as lavaserver lava-server manage migrate --noinput > "$LAVA_OUT/log/migrate.log"
}

# A user who may submit, and the devices. The token is the user's, and it and the workers' are written.
fill_database() {
  as lavaserver lava-server manage shell > "$LAVA_OUT/log/fill.log" 2>&1 << PYTHON
from django.contrib.auth.models import User
from linaro_django_xmlrpc.models import AuthToken
from lava_scheduler_app.models import Device, DeviceType, Worker
user = User.objects.create_user("nsbench")
token = AuthToken.objects.create(user=user, description="ci/lava/server.sh")
kind = DeviceType.objects.create(name="qemu")
print("token nsbench", token.secret)
for number, name in enumerate("${workers[*]}".split(), 1):
    worker = Worker.objects.create(hostname=name)
    Device.objects.create(hostname=f"qemu-{number}", device_type=kind, worker_host=worker,
                          health=Device.HEALTH_GOOD)
    print("token", name, worker.token)
PYTHON
  local name
  (umask 077 && sed -n 's/^token nsbench //p' "$LAVA_OUT/log/fill.log" > "$LAVA_OUT/token")
  for name in "${workers[@]}"; do
    sed -n "s/^token $name //p" "$LAVA_OUT/log/fill.log" > "/var/lib/lava/dispatcher/$name/token"
    [[ -s /var/lib/lava/dispatcher/$name/token ]] || die "see $LAVA_OUT/log/fill.log"
  done
  [[ -s $LAVA_OUT/token ]] || die "see $LAVA_OUT/log/fill.log"
  rm "$LAVA_OUT/log/fill.log"
}

start_server() {
  local log=/var/log/lava-server
  as lavaserver lava-server manage lava-publisher --host 127.0.0.1 --port 8001 \
    --log-file $log/publisher.log --level DEBUG >> "$LAVA_OUT/log/publisher.out" 2>&1 < /dev/null &
  as lavaserver lava-server manage lava-scheduler --log-file $log/scheduler.log --level DEBUG \
    >> "$LAVA_OUT/log/scheduler.out" 2>&1 < /dev/null &
  as lavaserver gunicorn3 lava_server.wsgi --bind "127.0.0.1:$port" --worker-class eventlet --workers 2 \
    --log-file $log/gunicorn.log >> "$LAVA_OUT/log/gunicorn.out" 2>&1 < /dev/null &
  wait_for 120 'the server' get system/version/
}

if [[ $inside == yes ]]; then
  export LAVA_OUT=$out
  configure
  start_database
  fill_database
  start_server
  for name in "${workers[@]}"; do start_worker "$name"; done
  for name in "${workers[@]}"; do wait_for 60 "$name" is_online "$name"; done
  echo "LAVA $(get system/version/) is up after $SECONDS s" >&2
  export LAVA_URL=http://127.0.0.1:$port/ LAVA_TOKEN_FILE=$out/token LAVA_WORKERS="${workers[*]}"
  status=0
  "$@" || status=$?
  # What PostgreSQL and the others are doing ends with this process.
  exit "$status"
fi

# --- on the host -------------------------------------------------------------------------------------

[[ $(id -u) == 0 ]] || die 'LAVA wants root'

"$root/ci/install-without-services.sh" "$install" "${packages[@]}"

[[ $out != / && ! -L $out ]] || die "--out $out: no"
rm -rf "$out"
mkdir -p "$out"/{log,run}
out=$(cd "$out" && pwd)

# Whatever ends this script, also SIGKILL, ends unshare, and with it the namespaces' first process and all
# the others.
running=
trap 'if [[ -n $running ]]; then kill -KILL "$running"; fi' EXIT
trap 'exit 130' INT TERM HUP
enter=(setpriv --pdeathsig KILL unshare --mount --pid --net --ipc --fork --kill-child --mount-proc)
if [[ $idle == yes ]]; then enter=(chrt --idle 0 "${enter[@]}"); fi
status=0
"${enter[@]}" "$self" --inside --out "$out" -- "$@" <&0 &
running=$!
# The namespaces' first process, for nsenter.
first=
while [[ -z $first && -d /proc/$running ]]; do
  sleep 0.1
  first=$(cat "/proc/$running/task/$running/children" 2> /dev/null) || true
done
echo "${first% }" > "$out/pid"
wait "$running" || status=$?
running=
exit "$status"
