import { join } from "node:path";
import { trace as api, context } from "@opentelemetry/api";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { SimpleSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, expect, test } from "vitest";
import { temporaryFolder } from "../../../testing/temporary-folder.ts";
import { SqliteRunStore } from "../../history/sqlite/sqlite-run-store.ts";
import { Telemetry } from "../../telemetry/telemetry.ts";
import { SessionService } from "./session-service.ts";

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function prepare() {
  const folder = temporaryFolder();
  const store = await SqliteRunStore.open(join(folder, "history.db"));
  const telemetry = new Telemetry({ folder, environment: {} });
  await telemetry.start("auto");
  const service = new SessionService({ telemetry, store, onChange: () => {}, onKept: () => {} });
  closing.push(
    () => store.close(),
    () => telemetry.close(),
    () => service.close(),
  );
  return { store, service, never: new AbortController().signal };
}

const texts = (role: string, content: string) => JSON.stringify([{ role, parts: [{ type: "text", content }] }]);

/** One turn of an agent with one call of a tool, sent by OpenTelemetry's exporter to where the page says. */
async function turn(service: SessionService, { asked = "Refund it", tool = "create_refund" } = {}) {
  const exporter = new OTLPTraceExporter({ url: `${service.list().addresses.http}/v1/traces` });
  const resource = resourceFromAttributes({ "service.name": "my-agent" });
  const provider = new TracerProvider({ resource, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const tracer = provider.getTracer("agent");
  const agent = tracer.startSpan("invoke_agent helper", {
    attributes: { "gen_ai.operation.name": "invoke_agent", "gen_ai.conversation.id": "talk-1" },
  });
  const below = api.setSpan(context.active(), agent);
  const call = tracer.startSpan(
    `execute_tool ${tool}`,
    {
      attributes: {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": tool,
        "gen_ai.tool.call.id": "1",
        "gen_ai.tool.call.arguments": '{"charge":"ch_1","api_key":"sk-not-to-be-kept"}',
      },
    },
    below,
  );
  call.end();
  const model = tracer.startSpan(
    "chat small",
    {
      attributes: {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": "small",
        "gen_ai.input.messages": texts("user", asked),
        "gen_ai.output.messages": texts("assistant", "It is refunded"),
        "gen_ai.usage.input_tokens": 12,
        "gen_ai.usage.output_tokens": 5,
      },
    },
    below,
  );
  model.end();
  agent.end();
  await provider.forceFlush();
  await provider.shutdown();
}

const evalSet = (tool: string) =>
  JSON.stringify({
    eval_set_id: "set",
    eval_cases: [
      {
        eval_id: "one",
        conversation: [
          {
            invocation_id: "i",
            user_content: { parts: [{ text: "Refund it" }] },
            final_response: { parts: [{ text: "It is refunded" }] },
            intermediate_data: { tool_uses: [{ name: tool, args: { charge: "ch_1", api_key: "sk-not-to-be-kept" } }] },
          },
        ],
      },
    ],
  });

test("an agent without a scenario is a session with its conversation, its tool calls and its tokens", async () => {
  const { service } = await prepare();
  await turn(service);
  await turn(service, { asked: "And now?" });
  expect(service.list().received).toEqual({ spans: 6, logs: 0, points: 0, refused: 0, rejected: 0 });
  const [session, ...more] = service.list().sessions;
  expect(more).toEqual([]);
  expect(session).toMatchObject({
    name: "talk-1",
    services: ["my-agent"],
    spans: 6,
    turns: 2,
    toolCalls: 2,
    tokens: { input: 24, output: 10 },
    isComplete: false,
  });
  const { conversation } = service.get(session?.id ?? "");
  expect(conversation).toMatchObject([
    { userText: "Refund it", toolUses: [{ name: "create_refund", arguments: { charge: "ch_1" } }] },
    { userText: "And now?", finalResponse: "It is refunded" },
  ]);
});

test("a session is evaluated against expected turns, and kept as a run with its spans and the verdict", async () => {
  const { service, store, never } = await prepare();
  await turn(service);
  const id = service.list().sessions[0]?.id ?? "";
  const request = { threshold: 0.5, match: "EXACT" } as const;
  const good = await service.evaluate(id, { ...request, evalSet: evalSet("create_refund") }, never);
  expect(good.metrics.map(({ score, status }) => [score, status])).toEqual([
    [1, "passed"],
    [1, "passed"],
  ]);
  const bad = await service.evaluate(id, { ...request, evalSet: evalSet("delete_customer") }, never);
  expect(bad.metrics[0]).toMatchObject({ score: 0, status: "failed" });
  const { runId } = await service.keep(id);
  expect(service.list().sessions[0]?.runId).toBe(runId);
  expect(await store.get(runId)).toMatchObject({ outcome: "failed", scenarioTitle: "Live session talk-1" });
  const { records } = await store.telemetry(runId, 0, 10);
  expect(records.map((record) => "name" in record && record.name).toSorted()).toEqual([
    "chat small",
    "execute_tool create_refund",
    "invoke_agent helper",
  ]);
  expect(JSON.stringify(records)).not.toContain("sk-not-to-be-kept");
});

test("a session that was only observed is kept without a verdict that it passed; one that is not there is named", async () => {
  const { service, store } = await prepare();
  await turn(service);
  const { runId } = await service.keep(service.list().sessions[0]?.id ?? "");
  expect(await store.get(runId)).toMatchObject({ outcome: "inconclusive" });
  expect(() => service.get("session-9")).toThrow("there is no session session-9");
});
