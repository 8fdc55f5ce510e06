#!/bin/sh
# Starts PostgreSQL with the database `audit` and the role `lab`, which has POSTGRES_PASSWORD and owns that database only.
# Prepared at each start, in single-user mode: the password may have changed, and a volume may have been created by a
# version whose role was the superuser. The superuser has no password, and no access rule admits it.
set -eu

case ${POSTGRES_PASSWORD:-} in
  '' | *[!A-Za-z0-9._~-]*)
    echo "audit-db: POSTGRES_PASSWORD must be letters, digits, dots, dashes, underscores and tildes: it is part of an address" >&2
    exit 2
    ;;
esac

if [ "$(id -u)" = 0 ]; then
  mkdir -p "$PGDATA"
  chown -R postgres "$PGDATA" "$(dirname "$PGDATA")"
  exec setpriv --reuid postgres --regid postgres --init-groups sh "$0"
fi

# Created under a temporary name and renamed: an interrupted start never leaves a partial cluster.
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  rm -rf "$PGDATA.new"
  initdb --pgdata "$PGDATA.new" --username resilience_lab_superuser --auth trust --encoding UTF8 --no-locale
  rmdir "$PGDATA"
  mv "$PGDATA.new" "$PGDATA"
fi
rm -f "$PGDATA/postmaster.pid"
echo 'host "audit" "lab" all scram-sha-256' >"$PGDATA/pg_hba.conf"

# Sets `printed` to the output; an error other than 42P04 (the database already exists) aborts the start.
run_sql() {
  printed=$(postgres --single -D "$PGDATA" -c log_line_prefix='%e ' -c log_min_error_statement=panic "$1" 2>&1) || {
    echo "$printed" >&2
    exit 1
  }
  if echo "$printed" | grep -E '^[0-9A-Z]{5} (ERROR|FATAL|PANIC):' | grep -qv '^42P04'; then
    echo "$printed" >&2
    exit 1
  fi
}

# Replaces the {password} placeholder in the shell, since other users can read a command's arguments.
sql=$(cat /srv/audit-db-role.sql)
while [ "$sql" != "${sql#*\{password\}}" ]; do
  sql="${sql%%\{password\}*}$POSTGRES_PASSWORD${sql#*\{password\}}"
done
run_sql postgres <<SQL
$sql
SQL
case $printed in
  *"resilience-lab: the database belongs to the superuser"*)
    echo "audit-db revokes superuser rights from lab; its tables and rows are kept"
    run_sql audit </srv/audit-db-ownership.sql
    ;;
esac

unset POSTGRES_PASSWORD sql printed
exec postgres -D "$PGDATA" -c listen_addresses='*' -c unix_socket_directories='' -c password_encryption=scram-sha-256
