/** The gateway's configuration, from environment variables. */
import { readHistoryLimit } from "../http/bounded-history.ts";
import { type EnvironmentReader, readEnvironment, type Variables } from "../http/environment.ts";
import { readBackends, readConflicts } from "./backend-variables.ts";
import type { BackendSettings } from "./backends/backend-settings.ts";
import type { ConflictStrategy } from "./backends/conflicts/conflict-strategy.ts";
import { type SessionMode, sessionModes } from "./backends/session-views.ts";
import { withBackendsFile } from "./backends-file.ts";
import { type OptimizerMode, optimizerModes } from "./optimizer/definitions.ts";
import type { EmbeddingSettings } from "./optimizer/embeddings.ts";
import { type Protection, protections } from "./protections.ts";

export interface SlackSettings {
  /** Base URL of Slack's Web API, without a trailing slash; absent if approvals cannot be requested. */
  url: string | undefined;
  botToken: string | undefined;
  signingSecret: string | undefined;
  channel: string;
}

/** Where decisions, calls and tickets are kept. */
export type RecordSettings = { in: "database"; url: string } | { in: "file"; path: string };

export interface Settings {
  host: string;
  port: number;
  allowedHosts: readonly string[];
  policyFile: string;
  records: RecordSettings;
  backends: readonly BackendSettings[];
  conflicts: ConflictStrategy;
  sessionTools: SessionMode;
  optimizer: OptimizerMode;
  embeddings: EmbeddingSettings | undefined;
  slack: SlackSettings;
  approvalTtlMs: number;
  /** Who has it may let the time of waiting calls stand still; absent: nobody may. */
  controlToken: string | undefined;
  /** How long a disconnected caller may take to return for a call that waits for an approval. */
  callerReturnMs: number;
  turnLockTtlMs: number;
  turnLockWaitMs: number;
  protectionsOff: ReadonlySet<Protection>;
  historyLimit: number;
  /** Infinity: sessions end by their clients alone. */
  sessionTtlMs: number;
  sessionAbandonedAfterMs: number;
  sessionLimit: number;
  /** Folder for rows of decisions and calls that are not in the database yet; used by this gateway only. */
  auditSpoolFolder: string;
  /** Limit of rows for each table. */
  auditSpoolLimit: number;
}

export function readSettings(variables: Variables): Settings {
  return readEnvironment(withBackendsFile(variables), (environment) =>
    read(environment, readProtectionsOff(environment)),
  );
}

function read(environment: EnvironmentReader, protectionsOff: ReadonlySet<Protection>): Settings {
  return {
    ...environment.listening(8080),
    policyFile: environment.string("POLICY_FILE", "./policy.yaml"),
    records: readRecords(environment),
    backends: readBackends(environment, protectionsOff),
    conflicts: readConflicts(environment),
    sessionTools: environment.oneOf("SESSION_TOOLS", sessionModes, "snapshot"),
    optimizer: environment.oneOf("OPTIMIZER", optimizerModes, "off"),
    embeddings: readEmbeddings(environment),
    slack: {
      url: readSlackUrl(environment),
      botToken: environment.optionalString("SLACK_BOT_TOKEN"),
      signingSecret: environment.optionalString("SLACK_SIGNING_SECRET"),
      channel: environment.optionalString("SLACK_CHANNEL") ?? "#approvals",
    },
    approvalTtlMs: environment.durationMs("APPROVAL_TTL", "5m"),
    controlToken: environment.optionalString("CONTROL_TOKEN"),
    callerReturnMs: environment.durationMs("CALLER_RETURN", "30s"),
    turnLockTtlMs: environment.durationMs("TURN_LOCK_TTL", "5m"),
    turnLockWaitMs: environment.durationMs("TURN_LOCK_WAIT", "10s"),
    protectionsOff,
    historyLimit: readHistoryLimit(environment),
    ...readSessionBounds(environment, protectionsOff),
    auditSpoolFolder: environment.string("AUDIT_SPOOL_FOLDER", "/var/lib/resilience-lab/gateway"),
    auditSpoolLimit: environment.integer("AUDIT_SPOOL_LIMIT", { fallback: 100_000, min: 1, max: 1_000_000 }),
  };
}

function readSessionBounds(environment: EnvironmentReader, protectionsOff: ReadonlySet<Protection>) {
  const bounds = {
    sessionTtlMs: environment.durationMs("SESSION_TTL", "30m"),
    sessionAbandonedAfterMs: environment.durationMs("SESSION_ABANDONED_AFTER", "5m"),
    sessionLimit: environment.integer("SESSION_LIMIT", { fallback: 10_000, min: 1, max: 1_000_000 }),
  };
  if (!protectionsOff.has("session-bounds")) return bounds;
  return { sessionTtlMs: Infinity, sessionAbandonedAfterMs: Infinity, sessionLimit: Infinity };
}

function readRecords(environment: EnvironmentReader): RecordSettings {
  const path = environment.optionalString("AUDIT_FILE");
  if (path === undefined) return { in: "database", url: readDatabaseUrl(environment) };
  if (environment.optionalString("DATABASE_URL") !== undefined) {
    environment.problem("AUDIT_FILE and DATABASE_URL are both set. Unset one: decisions are kept in one place");
  }
  return { in: "file", path };
}

function readDatabaseUrl(environment: EnvironmentReader): string {
  const example = "postgres://user:password@127.0.0.1:5432/audit";
  const text = environment.string("DATABASE_URL", example);
  const protocol = URL.parse(text)?.protocol;
  if (text !== "" && protocol !== "postgres:" && protocol !== "postgresql:") {
    // The value is not printed: it may contain a password.
    environment.problem(`DATABASE_URL is not a postgres:// URL. Write it as ${example}`);
  }
  return text;
}

function readEmbeddings(environment: EnvironmentReader): EmbeddingSettings | undefined {
  if (environment.optionalString("EMBEDDINGS_URL") === undefined) return undefined;
  return {
    url: environment.httpUrl("EMBEDDINGS_URL", "http://127.0.0.1:8080/v1/embeddings"),
    token: environment.optionalString("EMBEDDINGS_TOKEN"),
    model: environment.optionalString("EMBEDDINGS_MODEL") ?? "default",
    timeoutMs: environment.durationMs("EMBEDDINGS_TIMEOUT", "30s"),
  };
}

function readSlackUrl(environment: EnvironmentReader): string | undefined {
  if (environment.optionalString("SLACK_URL") === undefined) return undefined;
  return environment.httpUrl("SLACK_URL", "http://127.0.0.1:8090/api").replace(/\/+$/, "");
}

function readProtectionsOff(environment: EnvironmentReader): Set<Protection> {
  const off = new Set<Protection>();
  for (const entry of environment.list("PROTECTIONS_OFF")) {
    const protection = protections.find((known) => known === entry);
    if (protection) off.add(protection);
    else {
      const expected = `a comma list out of ${protections.join(", ")}`;
      environment.problem(`PROTECTIONS_OFF has ${JSON.stringify(entry)}: expected ${expected}, or leave it unset`);
    }
  }
  return off;
}

/** Formats a duration for messages, like its variable: `15s`. */
export function formatDuration(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000}m`;
  return ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
