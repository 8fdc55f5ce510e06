/** Each way in which a call can end leaves exactly one row, verified by an external MCP client and the database. */
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { describe, expect, it, onTestFinished } from "vitest";
import { click, hold } from "../testing/approvals.ts";
import { eventually, type TestGateway } from "../testing/lab.ts";
import { RawClient, readReply } from "../testing/raw-client.ts";
import { type CallRow, setScene } from "../testing/scene.ts";

const scene = setScene();

/** A session of the SDK's own client. */
async function connect(gateway: TestGateway, turn?: string) {
  const client = new Client({ name: "outside", version: "1" });
  const requestInit = { headers: turn === undefined ? {} : { "x-mcp-turn-id": turn } };
  const transport = new StreamableHTTPClientTransport(new URL(gateway.mcpUrl), { requestInit });
  // The SDK's own types are inconsistent under exactOptionalPropertyTypes.
  onTestFinished(() => client.close());
  await client.connect(transport as Parameters<Client["connect"]>[0]);
  const call = (name: string, given: Record<string, unknown> = {}, options = {}) =>
    client.callTool({ name, arguments: given }, undefined, options);
  return { call, client, transport, session: transport.sessionId };
}

/** The next call of a tool reaches the backend and is never answered; resolves once it arrives there. */
function neverAnswered(): Promise<void> {
  return new Promise((arrived) => {
    scene.backend.intercept = (_request, _response, body) => {
      if (!body.includes('"tools/call"')) return false;
      arrived();
      return true;
    };
  });
}

const answerCallsWith = (status: number, json: (id: unknown) => object): void => {
  scene.backend.intercept = (_request, response, body) => {
    if (!body.includes('"tools/call"')) return false;
    response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(json(JSON.parse(body).id)));
    return true;
  };
};

/** The call fails with any error at the client; the row has the actual outcome. */
const failed = (call: Promise<unknown>): Promise<void> =>
  call.then(
    () => expect.fail("the call was to fail"),
    () => {},
  );

interface Case {
  ends: string;
  variables?: Record<string, string>;
  /** Makes the calls; resolves to the session's id once the client has seen the end of each. */
  act: (gateway: TestGateway) => Promise<string | undefined>;
  /** `tool outcome`, in the order in which the calls ended, then expectations of the last row. */
  rows: string[];
  last: Partial<CallRow>;
}

const cases: Case[] = [
  {
    ends: "with a result",
    act: async (gateway) => {
      const { call, session } = await connect(gateway, "t1");
      await call("list_items", { a: 1 });
      return session;
    },
    rows: ["list_items ok"],
    last: { backend: "test", attempts: 1, error: null, turn_id: "t1" },
  },
  {
    ends: "with an error of the tool",
    act: async (gateway) => {
      const { call, session } = await connect(gateway);
      expect(await call("list_items", { fail: true })).toMatchObject({ isError: true });
      return session;
    },
    rows: ["list_items tool_error"],
    last: { attempts: 1, error: '{"fail":true}' },
  },
  {
    ends: "with a JSON-RPC error of the backend",
    act: async (gateway) => {
      const { call, session } = await connect(gateway);
      answerCallsWith(200, (id) => ({ jsonrpc: "2.0", id, error: { code: -32602, message: "no such item" } }));
      await failed(call("list_items"));
      return session;
    },
    rows: ["list_items tool_error"],
    last: { attempts: 1, error: "no such item" },
  },
  {
    ends: "after it was sent again to a backend that had lost its session",
    act: async (gateway) => {
      const { call, session, client } = await connect(gateway);
      await client.listTools();
      await scene.backend.down();
      await scene.backend.up();
      await call("list_items");
      return session;
    },
    rows: ["list_items ok"],
    last: { attempts: 2, error: null },
  },
  {
    ends: "since the backend is down",
    act: async (gateway) => {
      const { call, session, client } = await connect(gateway);
      await client.listTools();
      await scene.backend.down();
      await failed(call("list_items"));
      return session;
    },
    rows: ["list_items upstream_error"],
    last: { backend: "test", error: "test: connection refused" },
  },
  {
    ends: "since the backend's reply is not MCP",
    act: async (gateway) => {
      const { call, session } = await connect(gateway);
      answerCallsWith(503, () => ({}));
      await failed(call("list_items"));
      return session;
    },
    rows: ["list_items upstream_error"],
    last: { attempts: 1, error: "test: HTTP 503" },
  },
  {
    ends: "at the deadline",
    variables: { UPSTREAM_DEADLINE: "300ms" },
    act: async (gateway) => {
      const { call, session } = await connect(gateway);
      void neverAnswered();
      await failed(call("list_items"));
      return session;
    },
    rows: ["list_items upstream_error"],
    last: { attempts: 1, error: expect.stringMatching(/^test: no complete reply within the deadline/) },
  },
  {
    ends: "by a rule of the policy",
    act: async (gateway) => {
      const { call, session } = await connect(gateway);
      await failed(call("delete_item"));
      return session;
    },
    rows: ["delete_item refused"],
    last: { backend: "test", attempts: 0, error: expect.stringMatching(/^denied by policy: delete_item/) },
  },
  {
    ends: "by the turn's budget",
    act: async (gateway) => {
      const { call, session } = await connect(gateway, "t1");
      for (let n = 0; n < 5; n += 1) await call("list_items");
      await failed(call("list_items"));
      return session;
    },
    rows: [...Array.from({ length: 5 }, () => "list_items ok"), "list_items refused"],
    last: { attempts: 0, error: expect.stringMatching(/^tool call budget exceeded/) },
  },
  {
    ends: "by a denial",
    act: async (gateway) => {
      const { client, reply, ticket } = await hold(scene, gateway);
      await click(gateway, { ticket, action: "deny" });
      expect((await reply).message.error?.message).toBe("approval denied");
      return client.sessionId;
    },
    rows: ["create_item refused"],
    last: { attempts: 0, error: "approval denied: denied by ann" },
  },
  {
    ends: "by the approval timeout",
    variables: { APPROVAL_TTL: "200ms" },
    act: async (gateway) => {
      const { client, reply } = await hold(scene, gateway);
      expect((await reply).message.error?.message).toBe("approval timeout");
      return client.sessionId;
    },
    rows: ["create_item refused"],
    last: { attempts: 0, error: "approval timeout" },
  },
  {
    ends: "by an approval whose caller did not return",
    variables: { CALLER_RETURN: "50ms" },
    act: async (gateway) => {
      const leaving = new AbortController();
      const { client } = await hold(scene, gateway, { signal: leaving.signal });
      leaving.abort();
      await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 0);
      return client.sessionId;
    },
    rows: ["create_item refused"],
    last: { error: "approval timeout: caller left" },
  },
  {
    ends: "after an approval",
    act: async (gateway) => {
      const { client, reply, ticket } = await hold(scene, gateway);
      await click(gateway, { ticket });
      expect((await reply).message.result).toBeDefined();
      return client.sessionId;
    },
    rows: ["create_item ok"],
    last: { attempts: 1 },
  },
  {
    ends: "by its caller's disconnection",
    act: async (gateway) => {
      const client = await RawClient.open(gateway.mcpUrl);
      const leaving = new AbortController();
      const arrived = neverAnswered();
      const call = client.call("list_items", {}, { signal: leaving.signal });
      await arrived;
      leaving.abort();
      await failed(call);
      await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 0);
      return client.sessionId;
    },
    rows: ["list_items cancelled"],
    last: { attempts: 1, reply_bytes: "0", error: "caller left" },
  },
  {
    ends: "by its caller's notification",
    act: async (gateway) => {
      const { call, session } = await connect(gateway);
      const cancel = new AbortController();
      const arrived = neverAnswered();
      const running = call("list_items", {}, { signal: cancel.signal });
      await arrived;
      cancel.abort("not needed any more");
      await failed(running);
      await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 0);
      return session;
    },
    rows: ["list_items cancelled"],
    last: { attempts: 1, reply_bytes: "0", error: "caller cancelled" },
  },
  {
    ends: "by its caller's notification while it waits for an approval",
    act: async (gateway) => {
      const { client, reply } = await hold(scene, gateway);
      await client.notify("notifications/cancelled", { requestId: 2 });
      expect((await reply).message.error?.message).toMatch(/caller cancelled/);
      return client.sessionId;
    },
    rows: ["create_item cancelled"],
    last: { attempts: 0, error: "caller cancelled" },
  },
  {
    ends: "with its session",
    act: async (gateway) => {
      const { call, session, transport } = await connect(gateway);
      const arrived = neverAnswered();
      const running = call("list_items");
      await arrived;
      await Promise.all([failed(running), transport.terminateSession()]);
      return session;
    },
    rows: ["list_items cancelled"],
    last: { attempts: 1, error: "session ended by its client" },
  },
  {
    ends: "with the gateway",
    act: async (gateway) => {
      const { call, session } = await connect(gateway);
      const arrived = neverAnswered();
      const running = call("list_items");
      await arrived;
      await Promise.all([failed(running), gateway.stop()]);
      return session;
    },
    rows: ["list_items cancelled"],
    last: { attempts: 1, error: "gateway stopping" },
  },
  {
    ends: "with the gateway while it waits for an approval",
    act: async (gateway) => {
      const { client, reply } = await hold(scene, gateway);
      await gateway.stop();
      expect((await reply).message.error?.message).toMatch(/stopping/);
      return client.sessionId;
    },
    rows: ["create_item cancelled"],
    last: { attempts: 0, error: "gateway stopping" },
  },
  {
    ends: "since another turn has the session",
    variables: { TURN_LOCK_WAIT: "50ms" },
    act: async (gateway) => {
      const client = await RawClient.open(gateway.mcpUrl);
      const leaving = new AbortController();
      const arrived = neverAnswered();
      const holding = client.call("list_items", {}, { turn: "t1", signal: leaving.signal });
      await arrived;
      expect((await client.call("list_items", {}, { turn: "t2" })).message.error?.code).toBe(-32000);
      await client.fetch(undefined, {}, { method: "DELETE" });
      expect((await holding).message.error?.message).toMatch(/session ended/);
      return client.sessionId;
    },
    rows: ["list_items busy", "list_items cancelled"],
    last: { attempts: 1 },
  },
  {
    ends: "since the session has reached its limit of calls",
    variables: { TURN_LOCK_WAIT: "60s" },
    act: async (gateway) => {
      const client = await RawClient.open(gateway.mcpUrl, "2025-03-26");
      void neverAnswered();
      const calls = (batch: number) =>
        Array.from({ length: 50 }, (_, n) => ({
          ...{ jsonrpc: "2.0", id: batch * 50 + n, method: "tools/call" },
          params: { name: "list_items", arguments: {} },
        }));
      const batches = Array.from({ length: 20 }, (_, n) => client.fetch(JSON.stringify(calls(n))));
      await eventually(gateway.health, ({ diagnostics }) => diagnostics.running_executions === 1_000);
      const { error } = (await client.call("list_items")).message;
      expect(error).toMatchObject({ code: -32000, message: expect.stringMatching(/1000 calls in progress/) });
      await client.fetch(undefined, {}, { method: "DELETE" });
      await Promise.all(batches.map(async (batch) => readReply(await batch)));
      return client.sessionId;
    },
    rows: ["list_items busy", ...Array.from({ length: 1_000 }, () => "list_items cancelled")],
    last: {},
  },
  {
    ends: "since no backend offers the tool",
    act: async (gateway) => {
      const { call, session } = await connect(gateway);
      await failed(call(`nothing_${"x".repeat(1_000)}`));
      return session;
    },
    rows: [`nothing_${"x".repeat(248)} unknown_tool`],
    last: { backend: null, attempts: 0, error: expect.stringMatching(/^Unknown tool: nothing_x/) },
  },
  {
    ends: "since its parameters are invalid",
    act: async (gateway) => {
      const client = await RawClient.open(gateway.mcpUrl);
      for (const params of [{ arguments: {} }, { name: 7 }, { name: "list_items", arguments: "x" }]) {
        expect((await client.request("tools/call", params)).message.error?.code).toBe(-32602);
      }
      return client.sessionId;
    },
    rows: [" refused", " refused", "list_items refused"],
    last: { backend: null, attempts: 0, error: "params.arguments must be an object" },
  },
  {
    ends: "in a batch, each separately",
    act: async (gateway) => {
      const client = await RawClient.open(gateway.mcpUrl, "2025-03-26");
      const call = (id: number, name: string) => ({ jsonrpc: "2.0", id, method: "tools/call", params: { name } });
      const batch = [call(1, "delete_item"), call(2, "nothing"), call(3, "list_items")];
      expect((await readReply(await client.fetch(JSON.stringify(batch)))).messages.flat()).toHaveLength(3);
      return client.sessionId;
    },
    rows: ["delete_item refused", "nothing unknown_tool", "list_items ok"],
    last: { attempts: 1, error: null },
  },
];

describe("each call leaves one row with its actual outcome when it ends", () => {
  it.each(cases)("$ends", async ({ variables = {}, act, rows, last }) => {
    // A deadline so long that an unanswered call ends by the test's action, also on a loaded machine.
    const gateway = await scene.launch({ UPSTREAM_DEADLINE: "60s", ...variables });
    const session = await act(gateway);
    // An orderly stop writes all rows.
    await gateway.stop();
    const found = await scene.callsOf(session);
    const outcomes = found.map(({ tool_name, outcome }) => `${tool_name} ${outcome}`);
    expect(outcomes.sort()).toEqual([...rows].sort());
    const ended = new Set(found.map(({ call_id }) => call_id));
    expect(ended.size).toBe(rows.length);
    const decided = await scene.postgres.query<{ call_id: string }>(
      "SELECT call_id FROM audit_log WHERE session_id = $1",
      [session],
    );
    expect(decided.filter(({ call_id }) => !ended.has(call_id))).toEqual([]);
    expect(found.at(-1)).toMatchObject(last);
    expect(found.filter(({ started_at, ended_at }) => ended_at < started_at)).toEqual([]);
  });
});
