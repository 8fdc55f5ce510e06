import { expect, test } from "vitest";
import { REFERENCE_STACK_FILE } from "../../stacks/reference-stack.ts";
import { loadStack } from "../../stacks/stack-file.ts";
import { toFault } from "./fault-request.ts";

const stack = loadStack(REFERENCE_STACK_FILE, {}, "to plan");
const LINK = "gateway->payments-mcp";

test("a fault on a link lasts as long as a person says, and meets the calls of the tool that they name", () => {
  const request = {
    kind: "mcp_error",
    target: LINK,
    attributes: { message: "broken", tool: "create_refund", for: "5s" },
  };
  const { fault, written } = toFault(request, stack, "process");
  expect(written).toEqual({ mcp_error: LINK, message: "broken", match: { tool: "create_refund" }, for: "5s" });
  expect(fault).toMatchObject({ mcp_error: LINK, match: { tool: "create_refund" }, for: 5_000 });
});

test("a fault on bytes knows no tool, and one on a service takes neither", () => {
  const attributes = { by: "5ms", tool: "create_refund" };
  expect(() => toFault({ kind: "latency", target: LINK, attributes }, stack, "process")).toThrow(
    "latency takes no tool",
  );
  expect(() => toFault({ kind: "stop", target: "gateway", attributes: { tool: "x" } }, stack, "process")).toThrow(
    "stop takes no tool",
  );
});
