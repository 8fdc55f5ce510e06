/** Malformed API calls: wrong bytes, wrong shapes, wrong values, valid calls in the wrong order. */
import { httpToxics, streamToxics } from "../toxics/attributes.ts";
import { Chance, exchange, FuzzFailure, notStuck, openStack } from "./fuzz-run.ts";

const types = [...Object.keys(streamToxics), ...Object.keys(httpToxics)];
const attributes = [...new Set([...Object.values(streamToxics), ...Object.values(httpToxics)].flatMap(Object.keys))];
const paths = [
  "/version",
  "/proxies",
  "/populate",
  "/reset",
  "/metrics",
  "/hits",
  "/healthz",
  "/proxies/link",
  "/proxies/x",
];
const toxicPaths = ["/proxies/link/toxics", "/proxies/link/toxics/t1", "/proxies/x/toxics/y", "/proxies/%ZZ/toxics"];
const methods = ["GET", "POST", "PATCH", "DELETE", "PUT", "HEAD"];

/** Concurrent cases; few, since the proxy serialises changes. */
const callsAtOnce = 10;

/** Throws FuzzFailure with the data to reproduce the case. */
export async function fuzzApi(seed: number, count: number): Promise<void> {
  const stack = await openStack(seed);
  const chance = new Chance(seed);
  const port = Number(new URL(stack.apiUrl).port);
  try {
    for (let from = 0; from < count; from += callsAtOnce) {
      const calls = Array.from({ length: Math.min(callsAtOnce, count - from) }, () =>
        chance.happens(0.1) ? rawCall(chance) : jsonCall(chance),
      );
      try {
        const replies = await notStuck(Promise.all(calls.map((call) => exchange(port, [call], 200))), "the API");
        for (const reply of replies) checkReply(reply.toString("latin1"));
        if ((from / callsAtOnce) % 10 === 9) await stack.checkWell();
      } catch (error) {
        const sent = calls.map((call) => call.toString("latin1").slice(0, 300)).join("\n---\n");
        throw new FuzzFailure(`API cases from ${from} of seed ${seed}: ${String(error)}\n${sent}`);
      }
    }
    await stack.checkWell();
  } finally {
    await stack.close();
  }
}

/** Only an address that cannot be listened on may result in a server error. */
function checkReply(reply: string): void {
  if (/^HTTP\/1\.1 5/.test(reply) && !reply.includes("listen tcp")) throw new FuzzFailure(reply.slice(0, 300));
}

function jsonCall(chance: Chance): Buffer {
  const path = chance.happens(0.6) ? chance.pick(toxicPaths) : chance.pick(paths);
  const method = chance.happens(0.6) ? "POST" : chance.pick(methods);
  const body =
    JSON.stringify(path === "/populate" ? [linkBody(chance), linkBody(chance)] : toxicOrLink(chance, path)) ?? "";
  const sent = chance.happens(0.1) ? body.slice(0, chance.below(body.length + 1)) : body;
  const length = Buffer.byteLength(sent);
  return Buffer.from(
    `${method} ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: ${length}\r\n\r\n${sent}`,
  );
}

/** Bytes that are mostly not HTTP. */
function rawCall(chance: Chance): Buffer {
  const bytes = jsonCall(chance);
  for (let left = 1 + chance.below(5); left > 0; left -= 1) bytes[chance.below(bytes.length)] = chance.below(256);
  // Closed by the server at the latest when the rest of a declared body does not arrive.
  return Buffer.concat([bytes, Buffer.from("\r\n\r\n")]).subarray(0, 4_000);
}

function toxicOrLink(chance: Chance, path: string): unknown {
  return path.includes("toxics") || chance.happens(0.2) ? toxicBody(chance) : linkBody(chance);
}

function toxicBody(chance: Chance): unknown {
  if (chance.happens(0.05)) return oddValue(chance);
  const given: Record<string, unknown> = {};
  for (let left = chance.below(4); left > 0; left -= 1) given[chance.pick(attributes)] = oddValue(chance);
  return {
    name: chance.happens(0.5) ? `t${chance.below(4)}` : oddValue(chance),
    type: chance.happens(0.9) ? chance.pick(types) : oddValue(chance),
    ...(chance.happens(0.5) && {
      stream: chance.happens(0.8) ? chance.pick(["upstream", "Downstream"]) : oddValue(chance),
    }),
    ...(chance.happens(0.3) && { toxicity: oddValue(chance) }),
    ...(chance.happens(0.8) && { attributes: given }),
    ...(chance.happens(0.3) && {
      match: { first: oddValue(chance), [chance.pick(["tool", "method", "x"])]: oddValue(chance) },
    }),
    ...(chance.happens(0.2) && { expires_ms: oddValue(chance), seed: oddValue(chance) }),
  };
}

function linkBody(chance: Chance): unknown {
  if (chance.happens(0.05)) return oddValue(chance);
  return {
    name: chance.pick(["a", "b", "link2", "__proto__", oddValue(chance)]),
    listen: chance.pick(["127.0.0.1:0", "localhost:0", "bad", "127.0.0.1:99999", oddValue(chance)]),
    upstream: chance.pick(["127.0.0.1:1", "[::1", "no", oddValue(chance)]),
    ...(chance.happens(0.3) && { enabled: oddValue(chance), disabled_for_ms: oddValue(chance) }),
    ...(chance.happens(0.3) && { toxics: [toxicBody(chance)] }),
  };
}

function oddValue(chance: Chance): unknown {
  return chance.pick<unknown>([
    0,
    1,
    -1,
    10,
    0.5,
    404,
    503,
    1e308,
    2 ** 31,
    2 ** 53,
    "",
    "x",
    "existing",
    "request",
    null,
    true,
    false,
    [],
    {},
    [{ name: "n" }],
    "é\u0000\ud800",
    { toString: 1 },
    "__proto__",
    "y".repeat(300),
  ]);
}
