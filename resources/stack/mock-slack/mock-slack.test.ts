import { createHmac } from "node:crypto";
import { once } from "node:events";
import type { IncomingHttpHeaders } from "node:http";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { type RunningService, readBody, sendJson, serve } from "../http/serve.ts";
import { killServices, startService } from "../http/testing/service-process.ts";
import { keptSpans } from "../telemetry/testing/kept-spans.ts";
import { setTracing } from "../telemetry/tracing.ts";
import { Clicker } from "./clicker.ts";
import type { Message } from "./message-store.ts";
import { MessageStore } from "./message-store.ts";
import { startMockSlack } from "./server.ts";

// Process start takes long on a loaded machine.

const secret = "8f742231b10e8888abcd99yyyzzz85a5";
const token = "xoxb-of-these-tests";
const controlToken = "of-these-tests";
const control = { "content-type": "application/json", authorization: `Bearer ${controlToken}` };

interface Received {
  headers: IncomingHttpHeaders;
  rawBody: string;
}

let gateway: RunningService;
let received: Received[];
let arrivals: EventTarget;
let slack: RunningService;

beforeAll(async () => {
  gateway = await serve({
    name: "gateway",
    host: "127.0.0.1",
    port: 0,
    allowedHosts: [],
    handle: async (request, response) => {
      received.push({ headers: request.headers, rawBody: (await readBody(request)).toString() });
      sendJson(response, 200, { seen: received.length });
      arrivals.dispatchEvent(new Event("click"));
    },
  });
});
afterAll(() => gateway.stop());

const variables = () => ({
  PORT: "0",
  CONTROL_TOKEN: controlToken,
  SLACK_BOT_TOKEN: token,
  SLACK_SIGNING_SECRET: secret,
  SLACK_ACTIONS_URL: `${gateway.url}/slack/actions`,
});

beforeEach(async () => {
  received = [];
  arrivals = new EventTarget();
  slack = await startMockSlack(variables());
});
afterEach(() => slack.stop());
afterAll(killServices);

const approvalBlocks = (ticket: string) => [
  { type: "header", text: { type: "plain_text", text: "Approve?" } },
  {
    type: "actions",
    elements: ["approve", "deny"].map((action) => ({
      type: "button",
      action_id: action,
      text: { type: "plain_text", text: action },
      value: ticket,
    })),
  },
];

async function api(method: string, args: object, authorization = `Bearer ${token}`): Promise<Record<string, unknown>> {
  const response = await fetch(`${slack.url}/api/${method}`, {
    method: "POST",
    headers: { "content-type": "application/json; charset=utf-8", ...(authorization ? { authorization } : {}) },
    body: JSON.stringify(args),
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

async function send(path: string, body: object): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`${slack.url}${path}`, { method: "POST", headers: control, body: JSON.stringify(body) });
  const text = await response.text();
  return { status: response.status, body: text === "" ? {} : JSON.parse(text) };
}

const messages = async () =>
  ((await (await fetch(`${slack.url}/messages`, { headers: control })).json()) as { messages: Message[] }).messages;
const ask = (ticket: string) =>
  api("chat.postMessage", { channel: "#approvals", text: "?", blocks: approvalBlocks(ticket) });

test("a request that carries a context is a span, and a click of its message another in the same trace", async () => {
  const { tracer, spans } = keptSpans("mock-slack");
  setTracing(tracer);
  onTestFinished(() => setTracing(undefined));
  const traceId = "5b8aa5a2d2c872e8321cf37308d69df2";
  const traceparent = `00-${traceId}-051581bf3cb55c13-01`;
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}`, traceparent };
  const posted = { channel: "#approvals", text: "?", blocks: approvalBlocks("t-1") };
  await fetch(`${slack.url}/api/chat.postMessage`, { method: "POST", headers, body: JSON.stringify(posted) });
  await fetch(`${slack.url}/api/chat.update`, { method: "POST", headers, body: "{}" });
  await ask("without a context");
  await send("/click", { action: "approve", ticket: "t-1" });
  const [post, update, clicked, ...more] = await spans();
  expect(more).toEqual([]);
  expect([post?.name, post?.parentSpanContext?.spanId]).toEqual(["POST /api/chat.postMessage", "051581bf3cb55c13"]);
  expect([update?.name, update?.attributes["error.type"]]).toEqual(["POST /api/chat.update", "channel_not_found"]);
  expect([clicked?.name, clicked?.parentSpanContext]).toMatchObject([
    "POST /slack/actions",
    { traceId, spanId: post?.spanContext().spanId },
  ]);
  expect(received.at(-1)?.headers.traceparent).toBe(`00-${traceId}-${clicked?.spanContext().spanId}-01`);
});

describe("the Web API", () => {
  test("lists channels, and their messages by the channel's id, newest first", async () => {
    const first = await api("chat.postMessage", { channel: "#approvals", text: "One", blocks: approvalBlocks("t-1") });
    await api("chat.postMessage", { channel: "#approvals", text: "Two" });
    await api("chat.postMessage", { channel: "#other", text: "Elsewhere" });
    const { channels } = (await api("conversations.list", {})) as unknown as {
      channels: { id: string; name: string }[];
    };
    const approvals = channels.find(({ name }) => name === "approvals");
    expect(approvals?.id).toBe(first.channel);
    const history = await api("conversations.history", { channel: first.channel });
    expect(history).toMatchObject({
      ok: true,
      messages: [{ text: "Two" }, { text: "One", ts: first.ts }],
      has_more: false,
    });
    expect(await api("conversations.history", { channel: first.channel, limit: 1 })).toMatchObject({
      messages: [{ text: "Two" }],
      has_more: true,
    });
    expect(await api("conversations.history", { channel: "#approvals" })).toEqual({
      ok: false,
      error: "channel_not_found",
    });
  });

  test("posts and updates messages, answering as Slack does", async () => {
    const posted = await ask("t1");
    expect(posted).toMatchObject({
      ok: true,
      channel: expect.stringMatching(/^C/),
      ts: expect.stringMatching(/^\d+\.\d{6}$/),
    });
    const updated = await api("chat.update", { channel: posted.channel, ts: posted.ts, text: "Approved", blocks: [] });
    expect(updated).toMatchObject({ ok: true, channel: posted.channel, ts: posted.ts, text: "Approved" });
    expect(await messages()).toMatchObject([
      { channel: "#approvals", text: "Approved", blocks: [], updated: expect.any(String) },
    ]);
  });

  test("accepts forms, with the blocks as JSON text", async () => {
    const response = await fetch(`${slack.url}/api/chat.postMessage`, {
      method: "POST",
      headers: { authorization: `Bearer ${token}` },
      body: new URLSearchParams({ channel: "#a", blocks: JSON.stringify(approvalBlocks("t1")) }),
    });
    expect(await response.json()).toMatchObject({ ok: true, message: { blocks: approvalBlocks("t1") } });
  });

  test("refuses with Slack's error codes", async () => {
    const message = { channel: "#a", text: "x" };
    expect(await api("chat.postMessage", message, "")).toEqual({ ok: false, error: "not_authed" });
    expect(await api("chat.postMessage", message, "Bearer wrong")).toEqual({ ok: false, error: "invalid_auth" });
    expect(await api("chat.postMessage", { text: "x" })).toEqual({ ok: false, error: "channel_not_found" });
    expect(await api("chat.postMessage", { channel: "#a" })).toEqual({ ok: false, error: "no_text" });
    expect(await api("chat.postMessage", { ...message, blocks: "no" })).toEqual({ ok: false, error: "invalid_blocks" });
    expect(await api("chat.update", { ...message, ts: "1.000000" })).toEqual({ ok: false, error: "message_not_found" });
    expect(await api("chat.delete", message)).toMatchObject({ ok: false, error: "unknown_method" });
    expect(await messages()).toEqual([]);
  });

  test("gives every message a unique ts, also within a millisecond", () => {
    const store = new MessageStore({ now: () => 1_700_000_000_000 });
    const ts = [1, 2, 3].map(() => store.post("#a", "x", []).ts);
    expect(ts).toEqual(["1700000000.000000", "1700000000.000001", "1700000000.000002"]);
  });
});

describe("a click", () => {
  test("is sent to the gateway as Slack's signed payload, and its response is returned", async () => {
    await ask("t1");
    const posted = await ask("t2");
    expect(await send("/click", { action: "approve", user: "dana" })).toEqual({
      status: 200,
      body: { status: 200, body: '{"seen":1}' },
    });
    const { headers, rawBody } = received[0] as Received;
    const timestamp = String(headers["x-slack-request-timestamp"]);
    const digest = createHmac("sha256", secret).update(`v0:${timestamp}:${rawBody}`).digest("hex");
    expect(headers["x-slack-signature"]).toBe(`v0=${digest}`);
    expect(Math.abs(Number(timestamp) - Date.now() / 1_000)).toBeLessThan(300);
    const payload = JSON.parse(new URLSearchParams(rawBody).get("payload") ?? "");
    expect(payload).toMatchObject({
      type: "block_actions",
      user: { username: "dana" },
      container: { message_ts: posted.ts, channel_id: posted.channel },
      actions: [{ type: "button", action_id: "approve", value: "t2" }],
    });
    expect((await messages())[1]?.clicks).toMatchObject([
      { action: "approve", user: "dana", ticket: "t2", status: 200 },
    ]);
  });

  test("finds a ticket by id, also after its buttons were removed, as for a late click", async () => {
    const { channel, ts } = await ask("t1");
    await ask("t2");
    await api("chat.update", { channel, ts, text: "Expired", blocks: [] });
    expect((await send("/click", { action: "deny", ticket: "t1" })).status).toBe(200);
    expect(received[0]?.rawBody).toContain("t1");
  });

  test("finds the newest message that mentions a tool, and none if no message does", async () => {
    const refund = { channel: "#approvals", text: "Approval needed: create_refund", blocks: approvalBlocks("t1") };
    await api("chat.postMessage", refund);
    await ask("t2");
    expect((await send("/click", { action: "approve", mentions: "create_refund" })).status).toBe(200);
    expect(received[0]?.rawBody).toContain("t1");
    expect((await send("/click", { action: "approve", mentions: "delete_customer" })).status).toBe(409);
  });

  test("is refused with 409 if there is nothing to click, and with 400 if it is invalid", async () => {
    expect(await send("/click", { action: "approve" })).toMatchObject({
      status: 409,
      body: { error: expect.stringContaining("No message has a button") },
    });
    const { channel, ts } = await ask("t1");
    await api("chat.update", { channel, ts, text: "Done", blocks: [] });
    expect((await send("/click", { action: "approve" })).status).toBe(409);
    expect((await send("/click", { action: "approve", ticket: "t9" })).status).toBe(409);
    expect((await send("/click", { action: "shrug" })).status).toBe(400);
    expect((await send("/click", { action: "deny", user: "a b" })).status).toBe(400);
    expect(received).toEqual([]);
  });

  test("is 504 with the cause if the gateway is down or does not answer in time", async () => {
    const silent = await serve({
      name: "silent",
      host: "127.0.0.1",
      port: 0,
      allowedHosts: [],
      graceMs: 1,
      handle: () => {},
    });
    const store = new MessageStore();
    store.post("#a", "?", approvalBlocks("t1"));
    const options = { store, signingSecret: secret, actionsUrl: `${silent.url}/slack/actions`, deadlineMs: 20 };
    const click = { action: "approve", user: "dana" } as const;
    expect(await new Clicker(options).click(click)).toMatchObject({
      reason: expect.stringContaining("did not answer within 20 ms"),
    });
    await silent.stop();
    // A long deadline, so that only the refused connection can end it.
    expect(await new Clicker({ ...options, deadlineMs: 10_000 }).click(click)).toMatchObject({
      reason: expect.stringContaining("could not be reached"),
    });
    expect(store.all()[0]?.clicks).toMatchObject([{ status: null }, { status: null }]);
  });
});

describe("automatic approval", () => {
  test("approves waiting and later messages until it is disabled", async () => {
    await ask("t1");
    const first = once(arrivals, "click");
    expect((await send("/settings", { autoApproveAfter: "1ms" })).status).toBe(204);
    await first;
    const second = once(arrivals, "click");
    await ask("t2");
    await second;
    const values = received.map(
      ({ rawBody }) => JSON.parse(new URLSearchParams(rawBody).get("payload") ?? "").actions[0].value,
    );
    expect(values).toEqual(["t1", "t2"]);
    expect((await send("/settings", { autoApproveAfter: "soon" })).status).toBe(400);
    expect((await send("/settings", {})).status).toBe(400);
    expect((await send("/settings", { autoApproveAfter: null })).status).toBe(204);
  });

  test("is disabled, and the messages removed, by a reset", async () => {
    await ask("t1");
    await send("/settings", { autoApproveAfter: "5m" });
    expect((await send("/reset", {})).status).toBe(204);
    expect(await messages()).toEqual([]);
  });
});

test("as a program it reports every missing variable, and stops with 0", async () => {
  const entry = join(import.meta.dirname, "main.ts");
  const unconfigured = startService(entry, { AUTO_APPROVE_AFTER: "2" });
  const configured = startService(entry, variables());
  expect(await unconfigured.ended).toBe(2);
  for (const name of ["SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET", "SLACK_ACTIONS_URL", 'AUTO_APPROVE_AFTER is "2"']) {
    expect(unconfigured.output()).toContain(name);
  }
  const health = await fetch(`${await configured.url()}/healthz`);
  expect(await health.json()).toMatchObject({
    status: "ok",
    diagnostics: { messages: 0, listeners: expect.any(Number) },
  });
  expect(await configured.stop()).toBe(0);
});
