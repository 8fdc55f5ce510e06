/** A service with the stack's own diagnostics that leaks on request: `POST /leak?SOMETHING`. */
import { get } from "node:http";
import net from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { readProcessGauges } from "../process-gauges.ts";
import { sendJson, serve } from "../serve.ts";

let sessions = 0;
const leaks: Record<string, () => unknown> = {
  sockets: () => void net.connect(service.port, "127.0.0.1").write("GET / HTTP/1.1\r\nhost: half a request"),
  timers: () => void setInterval(() => {}, 60_000),
  listeners: () => void process.on("leak", () => {}),
  sessions: () => {
    sessions += 1;
  },
  // Answered when it is open: what is read next has it.
  streams: () => new Promise((resolve) => get(`${service.url}/stream`, { agent: false }, resolve)),
};
process.setMaxListeners(0);

const service = await serve({
  name: "leaking",
  host: "127.0.0.1",
  port: 0,
  allowedHosts: [],
  handle: async (request, response) => {
    const { pathname, search } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/stream") return void response.writeHead(200).write("the first part");
    if (pathname === "/silent") return sendJson(response, 200, {});
    if (pathname === "/slow") await delay(100);
    if (pathname === "/leak") await leaks[search.slice(1)]?.();
    sendJson(response, 200, { diagnostics: { ...readProcessGauges(), sessions } });
  },
});
console.log(`listening on ${service.url}`);
