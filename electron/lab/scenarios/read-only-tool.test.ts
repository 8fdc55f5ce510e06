import { expect, test } from "vitest";
import { fakeContext, fakeGateway } from "../../testing/fake-services.ts";
import { readOnlyTools } from "./read-only-tool.ts";
import { step } from "./schema.ts";
import { runStep } from "./steps.ts";

const never = new AbortController().signal;
const ok = { result: { content: [{ type: "text", text: "done" }] } };

test("a call of any read-only tool is of one that the gateway lists, the same for the whole run; without one it is refused", async () => {
  const tools = ["create_refund", "list_refunds"].map((name) => ({ name, inputSchema: { type: "object" } }));
  const { address, asked } = await fakeGateway(() => ok, undefined, tools);
  const { context } = fakeContext(address);
  for (const written of [{ call: "any:read-only" }, { storm: "any:read-only", times: 2 }])
    expect(await runStep(step.parse(written), context, never)).toMatchObject({ tool: "list_refunds" });
  const asks = asked.map(({ body }) => body as { method?: string; params?: { name?: string } } | undefined);
  expect(asks.flatMap((body) => (body?.method === "tools/call" ? [body.params?.name] : []))).toEqual(
    Array.from({ length: 3 }, () => "list_refunds"),
  );
  expect(asks.filter((body) => body?.method === "tools/list")).toHaveLength(1);

  const writes = await fakeGateway(() => ok, undefined, tools.slice(0, 1));
  await expect(
    runStep(step.parse({ call: "any:read-only", is: "error" }), fakeContext(writes.address).context, never),
  ).rejects.toThrow("the stack offers no read-only tool that needs no argument; it lists: create_refund");
});

test("a tool to call on anybody's stack says that it reads, by annotation or by name, needs no argument and tells no secrets", () => {
  const tool = (name: string, readOnlyHint?: boolean, required?: string[]) => ({
    name,
    ...(readOnlyHint === undefined ? {} : { annotations: { readOnlyHint } }),
    inputSchema: { type: "object" as const, ...(required === undefined ? {} : { required }) },
  });
  const tools = [
    tool("create_refund"),
    tool("list_charges", false),
    tool("lookup_charge", true, ["charge"]),
    tool("get-env", true),
    tool("balance", true),
    tool("tools__get-tiny-image"),
    tool("listen"),
  ];
  expect(readOnlyTools(tools)).toEqual(["balance", "tools__get-tiny-image"]);
});
