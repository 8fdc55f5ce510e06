import { describe, expect, it } from "vitest";
import { formatDuration, readSettings } from "./settings.ts";

const required = {
  POLICY_FILE: "policy.yaml",
  DATABASE_URL: "postgres://lab:secret@127.0.0.1:5432/audit",
  BACKENDS: "payments=http://127.0.0.1:8421/mcp",
  AUDIT_SPOOL_FOLDER: "/var/lib/gateway",
};

describe("readSettings", () => {
  it("reads the backends of a file, which must be there", () => {
    expect(() => readSettings({ ...required, BACKENDS_FILE: "/nowhere/backends.env" })).toThrow(
      /BACKENDS_FILE \/nowhere\/backends\.env cannot be read: ENOENT/,
    );
  });

  it("requires a policy, a database, backends and a folder; the rest has defaults", () => {
    expect(readSettings(required)).toMatchObject({
      host: "127.0.0.1",
      port: 8080,
      backends: [
        {
          name: "payments",
          connection: { transport: "streamable-http", url: "http://127.0.0.1:8421/mcp" },
          deadlineMs: 10_000,
        },
      ],
      approvalTtlMs: 300_000,
      callerReturnMs: 30_000,
      turnLockTtlMs: 300_000,
      turnLockWaitMs: 10_000,
      historyLimit: 1_000,
      sessionTtlMs: 1_800_000,
      auditSpoolLimit: 100_000,
      slack: { url: undefined, channel: "#approvals" },
    });
  });

  it("reports every problem at once", () => {
    const read = () => readSettings({ BACKENDS: "payments", PROTECTIONS_OFF: "budgets", APPROVAL_TTL: "soon" });
    expect(read).toThrow(/POLICY_FILE/);
    expect(read).toThrow(/DATABASE_URL/);
    expect(read).toThrow(/AUDIT_SPOOL_FOLDER is not set/);
    expect(read).toThrow(/BACKENDS has "payments"/);
    expect(read).toThrow(/PROTECTIONS_OFF has "budgets": expected .*capability-cache, budget, approval-ttl, redaction/);
    expect(read).toThrow(/APPROVAL_TTL is "soon"/);
  });

  it("keeps decisions in a file with AUDIT_FILE, which needs no database; not in both", () => {
    const { DATABASE_URL, ...rest } = required;
    expect(readSettings({ ...rest, AUDIT_FILE: "/var/log/audit.jsonl" }).records).toEqual({
      in: "file",
      path: "/var/log/audit.jsonl",
    });
    expect(readSettings(required).records).toEqual({ in: "database", url: DATABASE_URL });
    expect(() => readSettings({ ...required, AUDIT_FILE: "a.jsonl" })).toThrow(/AUDIT_FILE and DATABASE_URL/);
  });

  it("reads headers, a token and a command of each backend, and prints none of their values", () => {
    const { backends } = readSettings({
      ...required,
      BACKENDS: "pay-1=https://pay/mcp,files=stdio:",
      BACKEND_PAY_1_HEADERS: '{"x-team":"a"}',
      BACKEND_PAY_1_TOKEN: "t0ken",
      BACKEND_FILES_COMMAND: '["node","files.mjs"]',
      BACKEND_FILES_ENVIRONMENT: '{"API_KEY":"k"}',
    });
    expect(backends.map(({ connection }) => connection)).toEqual([
      {
        transport: "streamable-http",
        url: "https://pay/mcp",
        headers: { "x-team": "a", authorization: "Bearer t0ken" },
        sharesSession: false,
      },
      {
        transport: "stdio",
        command: ["node", "files.mjs"],
        environment: { API_KEY: "k" },
        restarts: { longestPauseMs: 30_000 },
      },
    ]);
    const refused = { BACKENDS: "a=http://x/mcp,b=stdio:", BACKEND_A_HEADERS: '{"x-key":7,"y":"s3cret"}' };
    expect(() => readSettings({ ...required, ...refused })).toThrow(
      /^(?!.*s3cret)(?=.*BACKEND_A_HEADERS is no JSON object)(?=.*BACKEND_B_COMMAND is not set)/s,
    );
  });

  it("refuses two backends with the same name", () => {
    expect(() => readSettings({ ...required, BACKENDS: "a=http://x/mcp,a=http://y/mcp" })).toThrow(/names "a" twice/);
  });

  it("does not print a database URL, which may contain a password", () => {
    expect(() => readSettings({ ...required, DATABASE_URL: "mysql://lab:secret@db/x" })).toThrow(
      /^(?!.*secret).*postgres/s,
    );
  });

  it.each(["0", "-5", "many", "1.5", ""])("uses the default for history limit %j", (limit) => {
    expect(readSettings({ ...required, HISTORY_LIMIT: limit }).historyLimit).toBe(1_000);
  });

  it("uses a valid history limit", () => {
    expect(readSettings({ ...required, HISTORY_LIMIT: "7" }).historyLimit).toBe(7);
  });

  it("removes the trailing slash of Slack's base URL", () => {
    expect(readSettings({ ...required, SLACK_URL: "http://slack/api/" }).slack.url).toBe("http://slack/api");
  });
});

describe("formatDuration", () => {
  it("formats a duration like its variable", () => {
    expect([250, 15_000, 300_000].map(formatDuration)).toEqual(["250ms", "15s", "5m"]);
  });
});
