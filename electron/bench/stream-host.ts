/**
 * As a thread of the stream's bench: the lab's service with its two transports, and beside each the same transport bare,
 * moving the same events in batches of the same size, as text that was made before.
 */
import { once } from "node:events";
import { MessageChannel, type MessagePort, parentPort, type Transferable, workerData } from "node:worker_threads";
import { RPCHandler } from "@orpc/server/message-port";
import { RPCHandler as SocketHandler } from "@orpc/server/ws";
import { type WebSocket, WebSocketServer } from "ws";
import { EVENT_BATCH_LIMIT } from "../contract/events.ts";
import { browserFiles } from "../hosts/browser/browser-files.ts";
import { serveWindow } from "../hosts/browser/window-socket.ts";
import { BROWSER_HOST } from "../hosts/browser.ts";
import { FileService } from "../hosts/files/file-service.ts";
import { EngineService } from "../lab/service/engine-service.ts";
import { labRouter, type RouterContext } from "../lab/service/procedures/router.ts";
import { PageConnection } from "../lab/service/streams/stream-registry.ts";

export interface StreamPlace {
  home: string;
  runId: string;
}

/** Where the four ways can be reached: two addresses of WebSockets, and two ports. */
export interface StreamDoors {
  lab: { address: string; port: MessagePort };
  bare: { address: string; port: MessagePort };
}

const { home, runId } = workerData as StreamPlace;

const service = await EngineService.start({ ...process.env, RESILIENCE_LAB_HOME: home });
const files = new FileService();
const router = labRouter({ service, host: BROWSER_HOST, files: browserFiles(files) });
const socketHandler = new SocketHandler<RouterContext>(router);
const portHandler = new RPCHandler<RouterContext>(router);

const made = await madeBefore();
const [labSocket, bareSocket] = [await listen(), await listen()];
labSocket.on("connection", (socket) => serveWindow(socket, socketHandler));
bareSocket.on("connection", (socket) => void sendBare(socket));
const [labPort, barePort] = [new MessageChannel(), new MessageChannel()];
const connection = new PageConnection();
const filled = {
  addEventListener: labPort.port1.addEventListener.bind(labPort.port1),
  postMessage: (message: unknown) =>
    labPort.port1.postMessage(typeof message === "string" ? connection.texts.fillIn(message) : message),
};
portHandler.upgrade(filled as Parameters<typeof portHandler.upgrade>[0], { context: { connection } });
labPort.port1.start();
barePort.port1.on("message", () => {
  for (const text of made) barePort.port1.postMessage(text);
});

const doors: StreamDoors = {
  lab: { address: addressOf(labSocket), port: labPort.port2 },
  bare: { address: addressOf(bareSocket), port: barePort.port2 },
};
parentPort?.postMessage(doors, [labPort.port2, barePort.port2] as Transferable[]);
await once(parentPort as NonNullable<typeof parentPort>, "message");
labSocket.close();
bareSocket.close();
files.close();
await service.close();
process.exit(0);

async function listen(): Promise<WebSocketServer> {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false });
  await once(server, "listening");
  return server;
}

function addressOf(server: WebSocketServer): string {
  const address = server.address();
  return `ws://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

/** The run as the lab's stream would send it, made before anything is timed. */
async function madeBefore(): Promise<string[]> {
  const { lastSeq } = await service.history.get(runId);
  const texts: string[] = [];
  for (let seq = 0; seq < lastSeq; seq += EVENT_BATCH_LIMIT) {
    const entries = await service.store.entries(runId, seq, EVENT_BATCH_LIMIT);
    texts.push(
      `{"type":"run","message":1,"items":[${entries.map(({ text }) => text).join(",")}],"lastSeq":${lastSeq},"savedSeq":${lastSeq},"unsaved":null}`,
    );
  }
  return texts;
}

async function sendBare(socket: WebSocket): Promise<void> {
  await once(socket, "message");
  for (const text of made) await new Promise<void>((resolve) => socket.send(text, () => resolve()));
}
