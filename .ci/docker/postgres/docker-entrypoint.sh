#!/bin/sh
# The part of the official image's entrypoint that a compose file relies on: the first start makes a cluster with
# POSTGRES_USER as its superuser and POSTGRES_DB in it; the server then runs as the user postgres, with pid 1.
set -e

[ "${1#-}" = "$1" ] || set -- postgres "$@"
[ "$1" = postgres ] || exec "$@"

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA" /var/run/postgresql
  chmod 700 "$PGDATA"
  find "$PGDATA" /var/run/postgresql ! -user postgres -exec chown postgres '{}' +
  exec setpriv --reuid postgres --regid postgres --init-groups "$0" "$@"
fi

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  if [ -z "$POSTGRES_PASSWORD" ] && [ "$POSTGRES_HOST_AUTH_METHOD" != trust ]; then
    echo "Error: the database is not initialized and POSTGRES_PASSWORD is empty; set it." >&2
    exit 1
  fi
  password_file=$(mktemp)
  printf '%s\n' "$POSTGRES_PASSWORD" >"$password_file"
  # This build's client library looks for the socket in /tmp, the official image has it in /var/run/postgresql.
  # shellcheck disable=SC2086 # the last variable holds several arguments
  initdb --pgdata "$PGDATA" --username "$user" --pwfile "$password_file" --set 'listen_addresses=*' \
    --set 'unix_socket_directories=/tmp, /var/run/postgresql' $POSTGRES_INITDB_ARGS
  rm -f "$password_file"
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$PGDATA/pg_hba.conf"
  if [ "$database" != postgres ]; then
    quoted=$(printf '%s' "$database" | sed 's/"/""/g')
    echo "CREATE DATABASE \"$quoted\"" | postgres --single -D "$PGDATA" postgres >/dev/null
  fi
  echo "PostgreSQL init process complete; ready for start up."
fi

exec "$@"
