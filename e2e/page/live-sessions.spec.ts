import { expect } from "./lab-under-test.ts";
import { testOnRecordedLab as test } from "./shared-labs.ts";

const TRACE = "5b8aa5a2d2c872e8321cf37308d69df2";

function attribute(key: string, value: string | number) {
  return { key, value: typeof value === "number" ? { intValue: String(value) } : { stringValue: value } };
}

function messages(role: string, content: string): string {
  return JSON.stringify([{ role, parts: [{ type: "text", content }] }]);
}

/** A turn of an agent with a call of a tool, as its exporter sends it. */
function turn(startMs: number): string {
  const nano = (ms: number) => `${startMs + ms}000000`;
  const common = { traceId: TRACE, kind: 1 };
  const spans = [
    {
      ...common,
      spanId: "2222222222222222",
      parentSpanId: "1111111111111111",
      name: "execute_tool create_refund",
      startTimeUnixNano: nano(10),
      endTimeUnixNano: nano(30),
      attributes: [
        attribute("gen_ai.operation.name", "execute_tool"),
        attribute("gen_ai.tool.name", "create_refund"),
        attribute("gen_ai.tool.call.id", "1"),
        attribute("gen_ai.tool.call.arguments", '{"charge":"ch_1"}'),
      ],
    },
    {
      ...common,
      spanId: "3333333333333333",
      parentSpanId: "1111111111111111",
      name: "chat small",
      startTimeUnixNano: nano(40),
      endTimeUnixNano: nano(50),
      attributes: [
        attribute("gen_ai.operation.name", "chat"),
        attribute("gen_ai.request.model", "small"),
        attribute("gen_ai.input.messages", messages("user", "Refund the last charge")),
        attribute("gen_ai.output.messages", messages("assistant", "It is refunded")),
        attribute("gen_ai.usage.input_tokens", 12),
        attribute("gen_ai.usage.output_tokens", 5),
      ],
    },
    {
      ...common,
      spanId: "1111111111111111",
      name: "invoke_agent helper",
      startTimeUnixNano: nano(0),
      endTimeUnixNano: nano(60),
      attributes: [
        attribute("gen_ai.operation.name", "invoke_agent"),
        attribute("gen_ai.conversation.id", "a talk about refunds"),
      ],
    },
  ];
  const resource = { attributes: [attribute("service.name", "helper")] };
  return JSON.stringify({ resourceSpans: [{ resource, scopeSpans: [{ spans }] }] });
}

test("an agent that sends its spans to the lab is seen live, and kept as a run with its waterfall", async ({
  window,
}) => {
  const { page } = window;
  await window.goTo("Sessions");
  const addresses = page.getByRole("region", { name: "Where to send spans" });
  await expect(addresses).toContainText("OTEL_EXPORTER_OTLP_ENDPOINT=");
  const [, endpoint] = /OTEL_EXPORTER_OTLP_ENDPOINT=(http:\S+?:\d+)/.exec(await addresses.innerText()) ?? [];
  const headers = { "content-type": "application/json" };
  const reply = await fetch(`${endpoint}/v1/traces`, { method: "POST", headers, body: turn(Date.now()) });
  expect(reply.status).toBe(200);

  const session = page.getByRole("region", { name: "Session", exact: true });
  await expect(
    page.getByRole("button", { name: /^a talk about refunds (live|complete) 1 turn, 1 tool call, 3 spans, 17 tokens/ }),
  ).toBeVisible();
  await expect(session).toContainText("Refund the last charge");
  await expect(session).toContainText('create_refund({"charge":"ch_1"})');
  await expect(session).toContainText("It is refunded");
  await expect(page.getByRole("button", { name: /^a talk about refunds complete/ })).toBeVisible();

  await session.getByRole("button", { name: "Keep as a run" }).click();
  await session.getByRole("link", { name: "Open its run" }).click();
  await expect(page.getByRole("tab", { name: "Waterfall" })).toHaveAttribute("aria-selected", "true");
  // It has no scenario.
  await expect(page.getByRole("button", { name: "Run again" })).toHaveCount(0);
  const rows = page.getByRole("region", { name: "Waterfall" });
  await expect(rows.getByRole("button", { name: /^execute_tool create_refund, helper: 20 ms/ })).toBeVisible();
});
