import { describe, expect, it } from "vitest";
import { continueTrace } from "./trace-context.ts";

const trace = "4bf92f3577b34da6a3ce929d0e0e4736";
const parent = (id: string, flags = "01") => `00-${id}-00f067aa0ba902b7-${flags}`;

describe("continueTrace", () => {
  it("continues the message's trace, else the header's, with a new span", () => {
    const other = "0af7651916cd43dd8448eb211c80319c";
    expect(continueTrace(parent(trace), parent(other)).traceId).toBe(trace);
    expect(continueTrace(undefined, parent(other)).traceId).toBe(other);
    const context = continueTrace(parent(trace, "00"), undefined);
    expect(context.spanId).toMatch(/^[0-9a-f]{16}$/);
    expect(context.spanId).not.toBe("00f067aa0ba902b7");
    expect(context.traceparent).toBe(`00-${trace}-${context.spanId}-00`);
  });

  it.each([
    undefined,
    7,
    "",
    "00-x-y-01",
    parent("0".repeat(32)),
    parent(trace.toUpperCase()),
    `ff${parent(trace).slice(2)}`,
  ])("starts a new trace for %j", (text) => {
    const first = continueTrace(text, undefined);
    expect(first.traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(first.traceId).not.toBe(trace);
    expect(continueTrace(text, undefined).traceId).not.toBe(first.traceId);
  });
});
