import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { STREAMS_PER_WINDOW, WINDOW_CLOSE, WINDOW_LIMIT } from "../../contract/window.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { RawWindow, type WireAnswer } from "./testing/raw-window.ts";
import { ServedLab } from "./testing/served-lab.ts";

const home = lastingFolder();
let lab: ServedLab;
beforeAll(async () => {
  lab = await ServedLab.start(home);
});
afterAll(() => lab.close());

describe("a client with the browser's cookie and no key", () => {
  test("can read and do nothing: not by HTTP, not by upload, not by WebSocket", async () => {
    const visitor = await lab.comeIn();
    const { headers, cookie } = visitor;
    expect((await lab.ask("/session", { headers })).status).toBe(401);
    expect((await lab.ask("/session", { headers: visitor.withKey })).status).toBe(200);
    expect((await lab.ask("/uploads", { method: "POST", headers, body: "x" })).status).toBe(401);
    expect((await lab.ask("/downloads/00000000-0000-4000-8000-000000000000", { headers })).status).toBe(404);
    const call = { i: "1", p: { u: "/stack/halt", b: {} } };
    const hellos = [call, { window: "" }, { window: cookie }, { window: 1 }, {}, "no JSON", Buffer.from("binary")];
    for (const hello of hellos) {
      const window = await RawWindow.open(lab, headers);
      window.send(hello);
      window.send(call);
      expect(await window.closed, JSON.stringify(hello)).toMatchObject({ code: WINDOW_CLOSE.unknownKey });
      expect(window.received).toHaveLength(1);
      expect(JSON.parse(window.received[0] ?? "")).toMatchObject({ refused: { code: "unauthorized" } });
    }
    expect((await lab.service.state.current()).halted).toBe(false);
  });

  test("is closed with its own code when it sends no key, and its pending calls are not made", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const { headers } = await lab.comeIn();
    const window = await RawWindow.open(lab, headers);
    await vi.waitFor(() => expect(vi.getTimerCount()).toBeGreaterThan(0));
    vi.advanceTimersByTime(60_000);
    expect(await window.closed).toMatchObject({ code: WINDOW_CLOSE.noKey });
  });
});

describe("a window's key", () => {
  test("without the cookie opens no socket", async () => {
    const { key, origin } = { ...(await lab.comeIn()), origin: lab.origin };
    const headers = { origin, "x-lab-window": key };
    expect((await lab.ask("/session", { headers })).status).toBe(401);
    await expect(RawWindow.open(lab, headers)).rejects.toThrow("401");
  });

  test("changes with each connection, and the previous one is invalid once the window has the next", async () => {
    const visitor = await lab.comeIn();
    const { window, nextKey } = await RawWindow.letIn(lab, visitor);
    expect(nextKey).not.toBe(visitor.key);
    await window.call("1", "settings/get");
    expect(await RawWindow.introduce(lab, visitor)).toMatchObject({ welcome: { refused: { code: "unauthorized" } } });
    expect((await lab.ask("/session", { headers: visitor.withKey })).status).toBe(401);
    window.socket.close();
    await window.closed;
    // A reload.
    await RawWindow.letIn(lab, visitor, nextKey);
  });

  test("is still valid when the answer with the next one was lost", async () => {
    const visitor = await lab.comeIn();
    const first = await RawWindow.letIn(lab, visitor);
    first.window.socket.terminate();
    await RawWindow.letIn(lab, visitor);
  });

  test("is one window: connecting again replaces a connection that hangs", async () => {
    const visitor = await lab.comeIn();
    const first = await RawWindow.letIn(lab, visitor);
    await first.window.call("1", "settings/get");
    const again = await RawWindow.letIn(lab, visitor, first.nextKey);
    expect(await first.window.closed).toMatchObject({ code: WINDOW_CLOSE.superseded });
    expect(await again.window.call("2", "settings/get")).toMatchObject({ i: "2" });
  });

  test("for another window is issued to an admitted window", async () => {
    const visitor = await lab.comeIn();
    const { window } = await RawWindow.letIn(lab, visitor);
    const { key = "" } = (await window.call("1", "windows/invite")).p.b.json;
    const second = await RawWindow.letIn(lab, visitor, key);
    expect(await second.window.call("1", "settings/get")).toMatchObject({ i: "1" });
    expect(await window.call("2", "settings/get")).toMatchObject({ i: "2" });
  });
});

test("a window beyond the limit is refused with the reason, and a reload does not count as another window", async () => {
  const visitor = await lab.comeIn();
  const { window, nextKey } = await RawWindow.letIn(lab, visitor);
  await window.call("1", "settings/get");
  const filled: RawWindow[] = [];
  onTestFinished(() => {
    for (const { socket } of filled) socket.terminate();
  });
  for (;;) {
    const { window: more, welcome } = await RawWindow.introduce(lab, visitor, lab.windows.issue());
    filled.push(more);
    if ("window" in welcome) continue;
    expect(welcome.refused).toMatchObject({
      code: "busy",
      message: expect.stringContaining(`${WINDOW_LIMIT} windows`),
    });
    expect(await more.closed).toMatchObject({ code: WINDOW_CLOSE.tooManyWindows });
    break;
  }
  await RawWindow.letIn(lab, visitor, nextKey);
});

test("a stream beyond a window's limit fails with an error, and the others continue", async () => {
  const { window } = await RawWindow.letIn(lab, await lab.comeIn());
  const subscribe = (index: number) => {
    const subscription = `0f0f0f0f-0000-4000-8000-${String(index).padStart(12, "0")}`;
    window.send({ i: `s${index}`, p: { u: "/events/subscribe", b: { json: { topic: "lab", subscription } } } });
  };
  for (let index = 1; index <= STREAMS_PER_WINDOW + 1; index++) subscribe(index);
  const served = new Set<string>();
  let failure: unknown;
  while (served.size < STREAMS_PER_WINDOW || failure === undefined) {
    const { i, t, p } = (await window.next()) as { i: string; t?: number; p: { e?: string } };
    if (t !== 3) continue;
    if (p.e === "error") failure = { i, p };
    else served.add(i);
  }
  expect(failure).toMatchObject({
    i: `s${STREAMS_PER_WINDOW + 1}`,
    p: { d: { json: { code: "busy", message: expect.stringContaining(String(STREAMS_PER_WINDOW)) } } },
  });
  expect(served.has(`s${STREAMS_PER_WINDOW + 1}`)).toBe(false);
});

describe("a message outside the contract", () => {
  test.each([
    ["invalid JSON", "{"],
    ["nothing", ""],
    ["null", "null"],
    ["a list", "[1]"],
    ["a number", "7"],
    ["no payload", '{"i":"1"}'],
    ["an empty payload", '{"i":"1","p":{}}'],
    ["an id that is not text", '{"i":1,"p":{"u":"/settings/get"}}'],
    ["an id that is too long", `{"i":"${"x".repeat(1000)}","p":{"u":"/settings/get"}}`],
    ["an address of another host", '{"i":"1","p":{"u":"http://evil.example/"}}'],
    ["an invalid address", '{"i":"1","p":{"u":"//["}}'],
    ["an invalid body", '{"i":"1","p":{"u":"/settings/get","b":"x"}}'],
    ["headers", '{"i":"1","p":{"u":"/settings/get","h":{"content-type":"multipart/form-data"}}}'],
    ["an event of its own stream", '{"i":"1","t":3,"p":null}'],
    ["an unknown type", '{"i":"1","t":99,"p":{}}'],
    ["bytes", Buffer.from([0xff, 0, 1])],
  ])("%s: is answered with bad-input, without a stack trace, and the window keeps working", async (_what, message) => {
    const written = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => written.mockRestore());
    const { window } = await RawWindow.letIn(lab, await lab.comeIn());
    onTestFinished(() => window.socket.terminate());
    window.send(message);
    const answer = (await window.next()) as WireAnswer;
    expect(answer.p.b.json).toMatchObject({
      code: "bad-input",
      message: expect.stringMatching(/outside the contract/),
    });
    expect(await window.call("9", "settings/get")).toMatchObject({ i: "9" });
    expect(written).not.toHaveBeenCalled();
  });

  test.each([
    ["values of an unknown type", { json: 1, meta: [[99, "x"]] }],
    ["a path that does not exist", { json: {}, meta: [[1, "a", "b"]] }],
    ["an invalid map", { json: 5, meta: "x", maps: 7 }],
    ["an input of another shape", { json: { runId: [] } }],
  ])("%s: fails with a named error", async (_what, input) => {
    const written = vi.spyOn(console, "error").mockImplementation(() => {});
    onTestFinished(() => written.mockRestore());
    const { window } = await RawWindow.letIn(lab, await lab.comeIn());
    onTestFinished(() => window.socket.terminate());
    window.send({ i: "1", p: { u: "/history/get", b: input } });
    expect((await window.next()) as WireAnswer).toMatchObject({ i: "1", p: { s: 400 } });
    expect(written).not.toHaveBeenCalled();
  });

  test("sent repeatedly ends the connection with its own code", async () => {
    const { window } = await RawWindow.letIn(lab, await lab.comeIn());
    for (let sent = 0; sent < 100; sent++) window.send("{");
    const { code, reason } = await window.closed;
    expect(code).toBe(WINDOW_CLOSE.malformed);
    expect(reason).toContain("outside the contract");
    expect(window.received.length).toBeLessThan(100);
  });
});
