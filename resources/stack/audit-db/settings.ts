/** Low memory use, default durability: fsync stays on, since runs are judged by the audit log. */
const values = {
  shared_buffers: "16MB",
  max_connections: 50,
  fsync: "on",
  wal_level: "minimal",
  max_wal_senders: 0,
  max_wal_size: "128MB",
  io_method: "sync",
  // TCP only: no Unix socket whose folder's permissions would matter.
  unix_socket_directories: "",
  password_encryption: "scram-sha-256",
  timezone: "UTC",
  log_timezone: "UTC",
} as const;

/** As arguments of the postgres program. */
export function settings(more: Readonly<Record<string, string | number>> = {}): string[] {
  return Object.entries({ ...values, ...more }).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
}
