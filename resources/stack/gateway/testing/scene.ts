/** Common dependencies of gateway tests: a database per file, a backend and a Slack per test, gateways on demand. */
import type pg from "pg";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { startBackend, type TestBackend } from "./backend.ts";
import { eventually, launchGateway, type TestGateway } from "./lab.ts";
import { startPostgres, type TestPostgres } from "./postgres.ts";
import type { RawClient } from "./raw-client.ts";
import { startSlack, type TestSlack } from "./slack.ts";

export interface AuditRow extends pg.QueryResultRow {
  id: string;
  tool_name: string;
  decision: string;
  reason: string;
  arguments: unknown;
  turn_id: string;
  trace_id: string;
  span_id: string;
  backend: string;
  call_id: string;
  duration_ms: number;
}

/** A row of calls, as returned by PostgreSQL's driver. */
export interface CallRow extends pg.QueryResultRow {
  id: string;
  call_id: string;
  turn_id: string;
  tool_name: string;
  backend: string | null;
  started_at: Date;
  ended_at: Date;
  outcome: string;
  attempts: number;
  request_bytes: string;
  reply_bytes: string;
  error: string | null;
  trace_id: string;
  span_id: string;
}

export class Scene {
  readonly #running: TestGateway[] = [];
  #postgres: TestPostgres | undefined;
  #backend: TestBackend | undefined;
  #slack: TestSlack | undefined;

  get postgres(): TestPostgres {
    return started(this.#postgres);
  }

  get backend(): TestBackend {
    return started(this.#backend);
  }

  get slack(): TestSlack {
    return started(this.#slack);
  }

  async launch(variables: Record<string, string> = {}, policy?: string): Promise<TestGateway> {
    const around = {
      DATABASE_URL: this.postgres.url,
      BACKENDS: `test=${this.backend.url}`,
      SLACK_URL: this.slack.url,
      SLACK_SIGNING_SECRET: this.slack.secret,
      APPROVAL_TTL: "20s",
      // A recovery is noticed soon, and an outage excludes no backend, unless the test asks for it.
      HEALTH_INTERVAL: "250ms",
      UNHEALTHY_THRESHOLD: "1000",
      CIRCUIT_FAILURE_THRESHOLD: "1000",
    };
    const gateway = await launchGateway({ ...around, ...variables }, policy);
    this.#running.push(gateway);
    return gateway;
  }

  /** The session's rows, once the expected number exists. */
  rowsOf(client: RawClient, count: number): Promise<AuditRow[]> {
    const text = "SELECT * FROM audit_log WHERE session_id = $1 ORDER BY id";
    return eventually(
      () => this.postgres.query<AuditRow>(text, [client.sessionId]),
      (rows) => rows.length >= count,
    );
  }

  /** The current rows of the session's calls. */
  callsOf(sessionId: string | undefined): Promise<CallRow[]> {
    return this.postgres.query<CallRow>("SELECT * FROM calls WHERE session_id = $1 ORDER BY id", [sessionId]);
  }

  async stopGateways(): Promise<void> {
    await Promise.all(this.#running.splice(0).map((gateway) => gateway.stop()));
  }

  async startFile(): Promise<void> {
    this.#postgres = await startPostgres();
  }

  async endFile(): Promise<void> {
    await this.#postgres?.stop();
  }

  async startTest(): Promise<void> {
    [this.#backend, this.#slack] = await Promise.all([startBackend(), startSlack()]);
  }

  async endTest(): Promise<void> {
    await this.stopGateways();
    await Promise.all([this.#backend?.down(), this.#slack?.stop()]);
  }
}

export function setScene(): Scene {
  const scene = new Scene();
  beforeAll(() => scene.startFile());
  afterAll(() => scene.endFile());
  beforeEach(() => scene.startTest());
  afterEach(() => scene.endTest());
  return scene;
}

function started<T>(part: T | undefined): T {
  if (part === undefined) throw new Error("only available within a test");
  return part;
}
