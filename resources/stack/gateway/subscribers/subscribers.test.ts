import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { connect } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { startBackend } from "../testing/backend.ts";
import { setBackendScene } from "../testing/backend-scene.ts";
import { eventually } from "../testing/lab.ts";
import { RawClient } from "../testing/raw-client.ts";
import { type CallEvent, Subscribers } from "./subscribers.ts";

const scene = setBackendScene();

/** What a subscriber has read so far. */
async function subscribe(url: string): Promise<CallEvent[]> {
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const response = await fetch(url, { signal: over.signal });
  expect(response.status).toBe(200);
  const events: CallEvent[] = [];
  void (async () => {
    let text = "";
    for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const frames = (text + piece).split("\n\n");
      text = frames.pop() ?? "";
      for (const frame of frames) {
        const data = /^data: (.+)$/m.exec(frame)?.[1];
        if (data) events.push(JSON.parse(data) as CallEvent);
      }
    }
  })().catch(() => {});
  return events;
}

async function serveHub(isUnderPressure: () => boolean) {
  const hub = new Subscribers({ isUnderPressure, boundsUnread: true });
  const server = createServer((request, response) => hub.open(request, response)).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { hub, port, url: (query: string) => `http://127.0.0.1:${port}/api/events?${query}` };
}

const event = (kind: CallEvent["kind"], detail: unknown = kind): CallEvent => {
  return { kind, session: "s", turn: "t", call: "c", tool: "echo", detail };
};
const kindsOf = (events: readonly CallEvent[]) => events.map(({ kind }) => kind);
const all: readonly CallEvent["kind"][] = ["decision", "progress", "result", "error", "cancel"];

it("under pressure leaves out mirrors of progress, and nothing else", async () => {
  let isUnderPressure = true;
  const { hub, url } = await serveHub(() => isUnderPressure);
  const [ofSession, ofTurn, ofBoth, ofAnother] = await Promise.all(
    ["session=s", "turn=t", "session=s&turn=t", "session=other"].map((query) => subscribe(url(query))),
  );
  for (const kind of all) hub.publish(event(kind));
  isUnderPressure = false;
  hub.publish(event("progress", "last"));
  for (const events of [ofSession, ofTurn, ofBoth]) {
    await eventually(
      () => events ?? [],
      (seen) => seen.at(-1)?.detail === "last",
    );
  }
  expect(kindsOf(ofSession ?? [])).toEqual(["decision", "result", "error", "cancel", "progress"]);
  expect(kindsOf(ofTurn ?? [])).toEqual([...all, "progress"]);
  expect(kindsOf(ofBoth ?? [])).toEqual([...all, "progress"]);
  expect([ofAnother, hub.shed]).toEqual([[], 1]);
});

it("closes a connection that does not read once something must be delivered, and leaves the others alone", async () => {
  const { hub, port, url } = await serveHub(() => false);
  const reading = await subscribe(url("turn=t"));
  const stalled = connect(port, "127.0.0.1");
  stalled.on("error", () => {});
  stalled.pause();
  stalled.write(`GET /api/events?turn=t HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`);
  await eventually(
    () => hub.size,
    (size) => size === 2,
  );
  const large = "x".repeat(256 * 1024);
  // As much as the sockets take, and more; the reader that reads is waited for.
  for (let sent = 1; hub.dropped === 0; sent += 1) {
    hub.publish(event("result", large));
    await eventually(
      () => reading.length,
      (count) => count === sent,
    );
  }
  hub.publish(event("result", "after"));
  await eventually(
    () => reading.at(-1),
    (last) => last?.detail === "after",
  );
  await eventually(
    () => hub.size,
    (size) => size === 1,
  );
  expect(hub.dropped).toBe(1);
  stalled.destroy();
});

it("reports a call's decision, progress and end to those who ask for its session, or for its turn", async () => {
  const backend = await startBackend({ json: false, tools: ["echo"] });
  onTestFinished(backend.down);
  const gateway = await scene.gateway({ one: backend });
  const client = await RawClient.open(gateway.mcpUrl);
  const ofSession = await subscribe(`${gateway.url}/api/events?session=${client.sessionId}`);
  const ofTurn = await subscribe(`${gateway.url}/api/events?turn=one`);
  await client.call("echo", { delayMs: 20 }, { turn: "one", meta: { progressToken: 1 } });
  await client.call("nothing", {}, { turn: "two" });
  await eventually(
    () => ofSession,
    (events) => events.at(-1)?.turn === "two",
  );
  expect([...new Set(kindsOf(ofSession))]).toEqual(["decision", "progress", "result", "error"]);
  expect([...new Set(kindsOf(ofTurn))]).toEqual(["decision", "progress", "result"]);
  const { diagnostics } = await gateway.health();
  expect(diagnostics).toMatchObject({ subscribers: 2, mirrors_shed: 0, subscribers_dropped: 0 });
  expect((await fetch(`${gateway.url}/api/events`)).status).toBe(400);
});
