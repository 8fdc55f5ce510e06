/** As a thread of the subscribers' bench: the lab's service and its WebSockets, with a run that continues on request. */
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import { RPCHandler } from "@orpc/server/ws";
import { WebSocketServer } from "ws";
import { browserFiles } from "../hosts/browser/browser-files.ts";
import { serveWindow } from "../hosts/browser/window-socket.ts";
import { BROWSER_HOST } from "../hosts/browser.ts";
import { FileService } from "../hosts/files/file-service.ts";
import { EngineService } from "../lab/service/engine-service.ts";
import { labRouter, type RouterContext } from "../lab/service/procedures/router.ts";
import { RunFeed } from "../lab/service/streams/run-feed.ts";
import type { LabEvent } from "../model/lab-event.ts";

export interface SubscribersPlace {
  home: string;
  events: number;
  everyMs: number;
}

const { home, events, everyMs } = workerData as SubscribersPlace;
const service = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: home });
const feeds = new Map<string, RunFeed>();
service.feeds.get = (runId) => feeds.get(runId);
const files = new FileService();
const router = labRouter({ service, host: BROWSER_HOST, files: browserFiles(files) });
const handler = new RPCHandler<RouterContext>(router);
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
server.on("connection", (socket, request) => serveWindow(socket, handler, request.socket));
await once(server, "listening");
const address = server.address();
const port = parentPort as NonNullable<typeof parentPort>;

/** `begin` creates the run, which can then be followed; `go` runs it to its end. */
port.on("message", async ({ what, runId }: { what: "begin" | "go"; runId: string }) => {
  const feed = feeds.get(runId) ?? new RunFeed(runId, service.store.durability);
  feeds.set(runId, feed);
  if (what === "go") await goOn(feed, runId);
  port.postMessage(what);
});
port.postMessage(typeof address === "object" && address !== null ? address.port : 0);

/** The clock of both threads. */
async function goOn(feed: RunFeed, runId: string): Promise<void> {
  for (let seq = 1; seq <= events; seq++) {
    await delay(everyMs);
    const wallMs = performance.timeOrigin + performance.now();
    const body =
      seq === events
        ? { type: "run.ended", outcome: "passed", reason: "every check held" }
        : { type: "service.log", service: "gateway", stream: "stdout", line: `request ${seq} was answered with 200` };
    feed.append({ runId, seq, atMs: seq, wallMs, ...body } as LabEvent);
  }
}
