#!/usr/bin/env bash
# Gives a Debian machine a running Docker engine on the default socket, and docker-compose 1.29 beside it.
# Safe to run again: an engine that already answers is left as it is.
set -euo pipefail

socket=/var/run/docker.sock
pid_file=/var/run/docker.pid
containerd_pid_file=/var/run/docker/containerd/containerd.pid
log=/var/log/dockerd.log
wait_seconds=60

server_version() {
  # A DOCKER_HOST of the caller must not hide that this machine's own engine is missing.
  timeout 10 docker --host "unix://$socket" version --format '{{.Server.Version}}' 2>/dev/null
}

fail() {
  echo "engine: $1" >&2
  if [ -s "$log" ]; then
    echo "engine: last lines of $log:" >&2
    tail -n 30 "$log" >&2
  fi
  exit 1
}

install_packages() {
  local package missing=()
  for package in "$@"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  local output
  output=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  # Recommended packages (criu, needrestart, apparmor, ...) are not needed and double the number to fetch.
  if ! { apt-get update && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$output" 2>&1; then
    tail -n 20 "$output" >&2
    fail "could not install ${missing[*]}"
  fi
  rm -f "$output"
}

# Prints the process of a pid file if it still runs as the program given; a killed process that nobody has reaped, or
# another program which was given the number since, does not count.
running() {
  local pid_file=$1 name=$2 pid
  pid=$(cat "$pid_file" 2>/dev/null) && [ -n "$pid" ] || return 1
  grep -qs "^Name:[[:space:]]$name\$" "/proc/$pid/status" || return 1
  ! grep -qs '^State:[[:space:]]Z' "/proc/$pid/status" || return 1
  echo "$pid"
}

start_engine() {
  local pid
  if ! pid=$(running "$pid_file" dockerd); then
    # A machine that was stopped hard keeps these files, and dockerd believes whatever process has the number now.
    rm -f "$pid_file"
    running "$containerd_pid_file" containerd >/dev/null || rm -f "$containerd_pid_file"
    # A session of its own and no inherited descriptors: the engine outlives the shell, the job and the terminal
    # that started it, and does not keep the caller's pipe or the lock open.
    setsid nohup dockerd --host "unix://$socket" --pidfile "$pid_file" </dev/null >"$log" 2>&1 9>&- &
    pid=$!
  fi
  local deadline=$((SECONDS + wait_seconds))
  until server_version >/dev/null; do
    grep -qs '^State:[[:space:]][^Z]' "/proc/$pid/status" || fail "dockerd ended while starting"
    [ "$SECONDS" -lt "$deadline" ] || fail "dockerd does not answer on $socket after $wait_seconds s"
    sleep 0.1
  done
}

if version=$(server_version); then
  command -v docker-compose >/dev/null || [ "$(id -u)" -ne 0 ] || install_packages docker-compose
  echo "engine: Docker $version answers on $socket"
  exit 0
fi

[ "$(id -u)" -eq 0 ] || fail "starting an engine needs root; start Docker yourself and run this again"

# Two runs at once must not start two engines.
exec 9>/var/lock/ci-docker-engine.lock
flock 9
if version=$(server_version); then
  echo "engine: Docker $version answers on $socket"
  exit 0
fi

install_packages docker.io iptables docker-compose
start_engine
echo "engine: Docker $(server_version) started on $socket (pid $(cat "$pid_file"), log $log)"
