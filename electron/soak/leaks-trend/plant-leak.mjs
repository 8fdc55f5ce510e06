// Preloaded into a service by the soak, never part of it: plants the leak that PLANTED_LEAK names, a little with each request,
// and collects garbage before the service reports its diagnostics, so that its heap is what it holds.
import http from "node:http";
import net from "node:net";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc");
const kept = [];
const listening =
  process.env.PLANTED_LEAK === "sockets" ? net.createServer(() => {}).listen(0, "127.0.0.1") : undefined;
process.setMaxListeners(0);

const leaks = {
  listeners: () => process.on("planted", () => {}),
  timers: () => void setInterval(() => {}, 3_600_000),
  sockets: () => {
    const address = listening?.address();
    if (address) kept.push(net.connect(address.port, "127.0.0.1"));
  },
  array: () => kept.push(new Array(2_500).fill(kept.length)),
};
const leak = leaks[process.env.PLANTED_LEAK];
let requests = 0;

const { emit } = http.Server.prototype;
http.Server.prototype.emit = function emitWithLeak(event, ...args) {
  const [request, response] = args;
  if (event !== "request") return emit.call(this, event, ...args);
  if (/^\/health/.test(request.url)) collectGarbage();
  else if (++requests % 5 === 0) leak?.();
  if (process.env.PLANTED_LEAK === "sessions" && request.method === "DELETE" && requests % 2 === 0) {
    response.writeHead(200).end();
    return true;
  }
  return emit.call(this, event, ...args);
};
