/** What can be switched off for a run (PROTECTIONS_OFF), to show the failure that it prevents. */
export const protections = [
  "capability-cache",
  "budget",
  "approval-ttl",
  "redaction",
  "health-monitor",
  "circuit-breaker",
  "retry-budget",
  "bulkhead",
  "client-sessions",
  "name-ownership",
  "search-fallback",
  "session-bounds",
  "write-once",
  "retry-after",
  "definition-pinning",
  "mirror-shedding",
  "subscriber-bounds",
  "command-restart",
] as const;
export type Protection = (typeof protections)[number];
