import { join } from "node:path";
import { expect, test } from "vitest";
import { callEnded, decided, eventAt, started } from "../../testing/sample-events.ts";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { exportBundle, importBundle, verifyBundle } from "./index.ts";
import { openForged } from "./testing/forge-zip.ts";
import { openHistory, RUN_1, recordRun } from "./testing/recorded-run.ts";

test("a bundle has no secret in any of its bytes, and the number of redacted ones", async () => {
  const history = await openHistory();
  const secrets = [
    "xoxb-111-222-abc",
    "hunter2-pass",
    "bear-er-123456",
    "4242424242424242",
    "stack-secret-9",
    "sk_live_abcdefgh1234",
    "sign-me-please",
  ];
  const all = `Authorization: Bearer ${secrets[2]} ${secrets[0]} postgres://u:${secrets[1]}@h/d card ${secrets[3]} ${secrets[4]} ${secrets[5]}`;
  await recordRun(history, RUN_1, {
    scenarioTitle: `The MCP server crashes ${secrets[0]}`,
    scenarioSource: `id: x\nnote: ${secrets[5]}\n`,
    stackSource: `services: {s: {environment: {A_SECRET: ${secrets[4]}, SLACK_SIGNING_SECRET: ${secrets[6]}, URL: "postgres://u:${secrets[1]}@h"}}}\n`,
    events: [
      eventAt(1, {
        ...started,
        scenario: { id: "mcp-crash", title: `The MCP server crashes ${secrets[0]}`, patterns: [all] },
      } as typeof started),
      eventAt(2, decided({ arguments: { note: all, api_key: secrets[6], list: [secrets[3]] }, reason: all })),
      eventAt(3, { type: "service.log", service: "gateway", stream: "stdout", line: all }),
      eventAt(4, {
        type: "service.log",
        service: "gateway",
        stream: "stdout",
        line: `{"password":"${secrets[1]}","x":"${secrets[6]}"}`,
      }),
      eventAt(5, { type: "step.started", step: "step-1", kind: "http", label: all, background: false }),
      eventAt(6, {
        type: "step.ended",
        step: "step-1",
        outcome: "failed",
        error: all,
        output: { headers: { cookie: secrets[6] } },
      }),
      eventAt(7, { type: "health.changed", service: "gateway", from: "up", to: "down", reason: all }),
      eventAt(8, { type: "fault.intended", fault: "f", kind: "stop", target: "slack", undo: all, expiresWallMs: 1 }),
      eventAt(9, { type: "fault.undone", fault: "f", result: "restored", detail: all }),
      eventAt(10, { type: "check.evaluated", check: "http", passed: false, expected: all, observed: all }),
      eventAt(11, { type: "warning", code: "x", message: all }),
      eventAt(12, callEnded({ tool: all, outcome: "tool_error", error: all })),
      eventAt(13, { type: "run.ended", outcome: "failed", reason: all }),
    ],
  });
  const file = join(temporaryFolder(), "runs.zip");
  await exportBundle({ history, runIds: [RUN_1], file, viewer: { script: "0;", style: "" } });
  for (const { path, bytes } of openForged(file)) {
    for (const secret of secrets) expect(bytes.includes(secret), `${secret} in ${path}`).toBe(false);
  }
  const { redacted } = JSON.parse(String(openForged(file).find(({ path }) => path === "manifest.json")?.bytes));
  expect(redacted).toMatchObject({
    "stack-secret": expect.any(Number),
    "card-number": expect.any(Number),
    "password-in-address": expect.any(Number),
  });
  expect((await verifyBundle(file)).isValid).toBe(true);
  const there = await openHistory();
  await importBundle({ history: there, file });
  expect((await there.find(RUN_1)).reason).toContain("[redacted: ");
});
