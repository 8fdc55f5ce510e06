import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunningService } from "../../http/serve.ts";
import { startAgent } from "../server.ts";

/** A CLI that does what its task, a JSON text, says: prints lines, writes to standard error, and ends. */
const fakeCli = `
  const { text } = await import("node:stream/consumers");
  const { lines = [], stderr = "", exit = 0, signal, hang } = JSON.parse(await text(process.stdin));
  for (const line of lines) console.log(typeof line === "string" ? line : JSON.stringify(line));
  process.stderr.write(stderr);
  if (signal) process.kill(process.pid, signal);
  if (hang) setInterval(() => {}, 1_000);
  else process.exitCode = exit;
`;
const CONTROL_TOKEN = "of-these-tests";
const folder = mkdtempSync(join(tmpdir(), "agent-tasks-"));
const agents: RunningService[] = [];
let agent: RunningService;

interface Reply {
  status: number;
  body: Record<string, unknown>;
}

async function start(variables: Record<string, string> = {}): Promise<RunningService> {
  const AGENT_CLI = JSON.stringify([process.execPath, "--input-type=module", "-e", fakeCli]);
  const GATEWAY_URL = "http://127.0.0.1:9/mcp";
  const started = await startAgent({
    PORT: "0",
    CONTROL_TOKEN,
    GATEWAY_URL,
    AGENT_CLI,
    AGENT_CLI_SESSIONS: folder,
    HISTORY_LIMIT: "3",
    ...variables,
  });
  agents.push(started);
  return started;
}

beforeAll(async () => {
  agent = await start();
});
afterAll(async () => {
  await Promise.all(agents.map((each) => each.stop()));
  rmSync(folder, { recursive: true });
});

async function task(script: unknown, { url } = agent): Promise<Reply> {
  const response = await fetch(`${url}/tasks`, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: `Bearer ${CONTROL_TOKEN}` },
    body: JSON.stringify({ input: JSON.stringify(script) }),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

const said = (text: string) => ({ type: "assistant", message: { content: [{ type: "text", text }] } });
const result = (fields: Record<string, unknown>) => ({ type: "result", is_error: false, ...fields });
const accounted = { total_cost_usd: 0.1, duration_ms: 5 };

describe("the rules for a task's end", () => {
  test.each<[string, object, number, string]>([
    ["a result", { lines: [result({ ...accounted, result: "Hello,\nworld." })] }, 200, "answered"],
    ["a rate limit", { lines: [result({ ...accounted, error_type: "rate_limit" })] }, 429, "error-type"],
    ["too many turns", { lines: [result({ ...accounted, error_type: "max_turns" })] }, 422, "error-type"],
    ["a failed login", { lines: [result({ error_type: "authentication_failed" })] }, 503, "error-type"],
    ["an authentication abort on stderr", { stderr: "Invalid API key\n" }, 503, "authentication"],
    ["SIGKILL", { lines: [said("half")], signal: "SIGKILL" }, 504, "signal"],
    ["the exit code of a SIGTERM in a shell", { exit: 143 }, 504, "signal"],
    ["a failure that spent nothing", { exit: 1, lines: [result({ usage: { input_tokens: 0 } })] }, 503, "exit-code"],
    ["a failure by a rate limit", { exit: 1, stderr: "429: rate limit\n" }, 429, "exit-code"],
    ["a failure", { exit: 1, lines: [said("half")] }, 500, "exit-code"],
    ["an error result", { lines: [result({ ...accounted, is_error: true })] }, 502, "error-result"],
    ["no result line and no text", { lines: [{ type: "system", session_id: "unknown" }] }, 502, "result-lost"],
    ["no result line but text", { lines: [said("It is done.")] }, 200, "recovered-from-stream"],
    ["a result with a cost and no text", { lines: [result({ total_cost_usd: 0 })] }, 200, "no-direct-output"],
    ["a result with a duration alone", { lines: [result({ duration_ms: 0 })] }, 500, "empty"],
  ])("%s", async (_name, script, status, rule) => {
    const reply = await task(script);
    expect([reply.status, reply.body.rule], JSON.stringify(reply.body)).toEqual([status, rule]);
    expect("answer" in reply.body).toBe(status === 200);
  });

  test("an error result keeps its message, also with text before it, and must not look like one that may be repeated", async () => {
    const { body } = await task({
      lines: [said("partial"), result({ ...accounted, is_error: true, result: "No disk" })],
    });
    expect(body).toMatchObject({ error: "No disk", rule: "error-result", metadata: { is_error: true, cost_usd: 0.1 } });
    expect(body).not.toHaveProperty("recovery_attempted");
  });

  test("a lost result says what was read, and that recovery was attempted", async () => {
    const { body } = await task({ lines: ["{broken", { type: "system" }] });
    expect(body).toMatchObject({
      recovery_attempted: true,
      raw_message_count: 1,
      parse_failure_count: 1,
      first_bad_line: "{broken",
      metadata: { cost_usd: null, duration_ms: null, num_turns: 0 },
    });
  });

  test("a lost result is recovered from the CLI's record of the session", async () => {
    writeFileSync(
      join(folder, "s-1.jsonl"),
      `${JSON.stringify(said("first"))}\n${JSON.stringify(said("It worked."))}\n{`,
    );
    const { status, body } = await task({ lines: [{ type: "system", session_id: "s-1" }] });
    expect([status, body.rule, body.answer]).toEqual([200, "recovered-from-session", "It worked."]);
  });

  test("a result with a cost and no text has a placeholder and its metadata", async () => {
    const { body } = await task({ lines: [result({ ...accounted, result: "" })] });
    expect(body).toMatchObject({ answer: expect.stringContaining("no direct output"), metadata: { cost_usd: 0.1 } });
    expect((await task({ lines: [result({ duration_ms: 1 })] })).body.error).toBe("Task returned empty response");
  });

  test("a task that takes too long is killed", async () => {
    const hasty = await start({ AGENT_CLI_TIMEOUT: "300ms" });
    const { status, body } = await task({ hang: true }, hasty);
    expect([status, body.rule]).toEqual([504, "timeout"]);
  });

  test("without the rules every empty result counts as done", async () => {
    const trusting = await start({ PROTECTIONS_OFF: "result-rules" });
    const { status, body } = await task({ lines: [result({ ...accounted, is_error: true })] }, trusting);
    expect([status, body.rule]).toEqual([200, "no-direct-output"]);
  });
});

test("its health has diagnostics, and a history that stays within its limit", async () => {
  for (const _ of "1234") await task({ lines: [result(accounted)] });
  const response = await fetch(`${agent.url}/health`);
  const { status, diagnostics } = (await response.json()) as { status: string; diagnostics: Record<string, number> };
  expect([response.status, status]).toEqual([200, "ok"]);
  expect(diagnostics).toMatchObject({
    running_executions: 0,
    conversation_history_size: 3,
    conversation_history_limit: 3,
    eventLoop: { p99Ms: expect.any(Number), maxMs: expect.any(Number), utilization: expect.any(Number) },
  });
  expect(diagnostics.conversation_history_dropped).toBeGreaterThan(0);
  expect(diagnostics.asyncio_task_count).toBeGreaterThanOrEqual(1);
  expect(diagnostics.thread_count).toSatisfy(
    (count: number) => count >= 1 || (count === -1 && process.platform !== "linux"),
  );
});
