import type { ServerResponse } from "node:http";
import { SpanKind } from "@opentelemetry/api";
import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../../http/testing/free-port.ts";
import { keptSpans } from "../../telemetry/testing/kept-spans.ts";
import { setTracing } from "../../telemetry/tracing.ts";
import { click, deliver, hold, ticketRow } from "../testing/approvals.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";
import { setScene } from "../testing/scene.ts";
import { signClick, startSlack, ticketOf } from "../testing/slack.ts";

const scene = setScene();

const ownError = '{"ok":false,"error":"internal_error"}';

afterEach(() => setTracing(undefined));

it("asks in the trace of the call, and takes a click that carries it for a part of it", async () => {
  const { tracer, spans } = keptSpans("gateway");
  setTracing(tracer);
  const gateway = await scene.launch();
  const traceId = "5b8aa5a2d2c872e8321cf37308d69df2";
  const { reply, ticket, question } = await hold(scene, gateway, {
    meta: { traceparent: `00-${traceId}-051581bf3cb55c13-01` },
  });
  const { body, headers } = signClick({ ticket });
  await deliver(gateway, { body, headers: { ...headers, traceparent: question?.traceparent ?? "" } });
  await reply;
  const sent = await spans();
  const named = (name: string, kind: SpanKind) => sent.find((span) => span.name === name && span.kind === kind);
  const call = named("tools/call create_item", SpanKind.SERVER);
  const posted = named("POST /api/chat.postMessage", SpanKind.CLIENT);
  expect(posted?.parentSpanContext).toMatchObject({ traceId, spanId: call?.spanContext().spanId });
  expect(question?.traceparent).toBe(`00-${traceId}-${posted?.spanContext().spanId}-01`);
  expect(named("POST /slack/actions", SpanKind.SERVER)?.parentSpanContext?.spanId).toBe(posted?.spanContext().spanId);
});

describe("failures of Slack", () => {
  it("connection refused: logged, and the hold ends normally", async () => {
    const gateway = await scene.launch({
      SLACK_URL: `http://127.0.0.1:${await freePort()}/api`,
      APPROVAL_TTL: "200ms",
    });
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.call("create_item")).message.error?.data?.decision).toBe("expired");
    expect(gateway.log.join()).toMatch(/slack: chat\.postMessage failed: .*ECONNREFUSED/);
  });

  it("no response: the end of the hold is not delayed", async () => {
    scene.slack.intercept = () => true;
    const gateway = await scene.launch({ APPROVAL_TTL: "200ms" });
    const client = await RawClient.open(gateway.mcpUrl);
    expect((await client.call("create_item")).message.error?.data?.decision).toBe("expired");
  });

  it("Retry-After: the next attempt waits as requested", async () => {
    let refusals = 2;
    scene.slack.intercept = (_method, response) => {
      if (refusals === 0) return false;
      refusals -= 1;
      response.writeHead(429, { "retry-after": "0" }).end();
      return true;
    };
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    await click(gateway, { ticket });
    expect((await reply).message.result).toBeDefined();
  });

  it.each([
    ["HTTP 503", (response: ServerResponse) => void response.writeHead(503).end()],
    ["a cut connection", (response: ServerResponse) => void response.destroy()],
    ["a reply that is not JSON", (response: ServerResponse) => void response.writeHead(200).end("<html>")],
    ["an error of its own", (response: ServerResponse) => void response.writeHead(200).end(ownError)],
  ])("%s: retried until the message is posted", async (_what, fail) => {
    let failures = 2;
    scene.slack.intercept = (method, response) => {
      if (method !== "chat.postMessage" || failures === 0) return false;
      failures -= 1;
      fail(response);
      return true;
    };
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    await click(gateway, { ticket });
    expect((await reply).message.result).toBeDefined();
    expect(gateway.log.filter((line) => line.includes("chat.postMessage failed"))).toHaveLength(1);
    expect(gateway.log.join()).toMatch(/chat\.postMessage succeeded after 2 failed attempts/);
  });

  it("recovery while the call is held: the question is then posted", async () => {
    const port = await freePort();
    const gateway = await scene.launch({ SLACK_URL: `http://127.0.0.1:${port}/api` });
    const client = await RawClient.open(gateway.mcpUrl);
    const reply = client.call("create_item");
    await eventually(
      () => gateway.log.join(),
      (log) => log.includes("ECONNREFUSED"),
    );
    const late = await startSlack(port);
    try {
      const [question] = await eventually(
        () => late.requests,
        (seen) => seen.length > 0,
      );
      await click(gateway, { ticket: ticketOf(question) });
      expect((await reply).message.result).toBeDefined();
    } finally {
      await late.stop();
    }
  });

  it("lost responses: the question is not posted twice", async () => {
    scene.slack.loseAnswers = 1;
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    const noted = await eventually(
      () => ticketRow(scene, ticket),
      (row) => row?.slack_ts !== null,
    );
    expect(noted?.slack_ts).toBe("17.1");
    await click(gateway, { ticket });
    expect((await reply).message.result).toBeDefined();
    const update = await eventually(
      () => scene.slack.requests.find(({ method }) => method === "chat.update"),
      (seen) => seen !== undefined,
    );
    expect(update?.body.ts).toBe("17.1");
    expect(scene.slack.requests.filter(({ method }) => method === "chat.postMessage")).toHaveLength(1);
  });

  it("lost responses without permission to read messages: the question is posted again rather than never", async () => {
    scene.slack.loseAnswers = 1;
    scene.slack.intercept = (method, response) => {
      if (!method.startsWith("conversations.")) return false;
      response.writeHead(200).end('{"ok":false,"error":"missing_scope"}');
      return true;
    };
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    await eventually(
      () => scene.slack.requests,
      ({ length }) => length === 2,
    );
    await click(gateway, { ticket });
    expect((await reply).message.result).toBeDefined();
  });

  it("an outage when the call ends: the buttons are replaced after recovery", async () => {
    const gateway = await scene.launch();
    const { reply, ticket } = await hold(scene, gateway);
    let failures = 2;
    scene.slack.intercept = (method, response) => {
      if (method !== "chat.update" || failures === 0) return false;
      failures -= 1;
      response.destroy();
      return true;
    };
    await click(gateway, { ticket, action: "deny" });
    await reply;
    const update = await eventually(
      () => scene.slack.requests.find(({ method }) => method === "chat.update"),
      (seen) => seen !== undefined,
    );
    expect(update?.body.text).toBe("create_item: Denied by ann");
  });

  it("a refused token: logged with Slack's error code", async () => {
    const gateway = await scene.launch({ SLACK_BOT_TOKEN: "wrong", APPROVAL_TTL: "200ms" });
    await (await RawClient.open(gateway.mcpUrl)).call("create_item");
    expect(gateway.log.join()).toMatch(/Slack answered invalid_auth/);
  });

  it("arguments cannot become mentions or break out of their block", async () => {
    const gateway = await scene.launch();
    const client = await RawClient.open(gateway.mcpUrl);
    void client.call("create_item", { text: "<!channel> ``` & more", long: "x".repeat(5_000) }).catch(() => {});
    const [question] = await eventually(
      () => scene.slack.requests,
      (seen) => seen.length > 0,
    );
    const text = JSON.stringify(question?.body.blocks);
    expect(text).not.toContain("<!channel>");
    expect(text).toMatch(/cut; SHA-256 [0-9a-f]{64}/);
    const fields = question?.body.blocks.flatMap((block) =>
      "fields" in block ? (block.fields as { text: string }[]) : [],
    );
    for (const field of fields ?? []) expect(field.text.length).toBeLessThanOrEqual(2_000);
    await click(gateway, { ticket: ticketOf(question), action: "deny" });
  });
});
