/**
 * The long fuzz: `npm run soak -- fuzz [--count 10000] [--seed N]`. Sends malformed API calls and mutated streams to a proxy
 * in this process; a crash, a hang or a memory leak ends it with exit code 1.
 */
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { fuzzApi } from "./fuzz/fuzz-api.ts";
import { fuzzStreams } from "./fuzz/fuzz-streams.ts";

const { values } = parseArgs({ options: { count: { type: "string", default: "10000" }, seed: { type: "string" } } });
const count = Number(values.count);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
/** Upper bound for a full record of hits and the code itself; leaking one connection per case is far above it. */
const mostKeptMb = 32;

setFlagsFromString("--expose-gc");
const collectGarbage = runInNewContext("gc") as () => void;

process.on("uncaughtException", fail);
process.on("unhandledRejection", fail);
// The proxy's log lines (a link that cannot reopen, for example) would hide the result.
console.log = () => {};
console.error = () => {};

const keptAtStartMb = keptMb();
for (const [name, run] of [
  ["API calls", fuzzApi],
  ["streams", fuzzStreams],
] as const) {
  const startMs = performance.now();
  await run(seed, count).catch(fail);
  await socketsClosed();
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  const grownMb = keptMb() - keptAtStartMb;
  const rssMb = Math.round(process.memoryUsage.rss() / 1e6);
  process.stdout.write(
    `${count} ${name}: healthy after ${seconds} s, ${grownMb} MB retained, ${rssMb} MB resident (seed ${seed})\n`,
  );
  if (grownMb > mostKeptMb) fail(new Error(`memory grew by ${grownMb} MB`));
}

/** The proxy has stopped: any open socket is a leak. */
async function socketsClosed(): Promise<void> {
  const untilMs = performance.now() + 10_000;
  while (process.getActiveResourcesInfo().includes("TCPSocketWrap")) {
    if (performance.now() > untilMs) fail(new Error("sockets are still open after the proxy stopped"));
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Live memory: resident memory also includes pages that the allocator retains. */
function keptMb(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return Math.round((heapUsed + external) / 1e6);
}

function fail(error: unknown): never {
  process.stdout.write(`seed ${seed}: ${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
}
