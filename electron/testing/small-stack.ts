import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { systemClock } from "../lab/clock.ts";
import { RunLog } from "../lab/events/run-log.ts";
import { FaultInjector } from "../lab/faults/injector.ts";
import type { UndoParts } from "../lab/faults/undo-open-faults.ts";
import { FaultJournal } from "../lab/journal/fault-journal.ts";
import { openJournal } from "../lab/journal/journal.ts";
import { StackRegister } from "../lab/journal/stack-register.ts";
import { RunningStack } from "../lab/stacks/running-stack.ts";
import { loadStack } from "../lab/stacks/stack-file.ts";
import type { LabEvent } from "../model/lab-event.ts";

const FAULT_PROXY = join(import.meta.dirname, "..", "..", "resources", "stack", "build", "fault-proxy.mjs");

/** The tool whose calls the server of a small stack never answers. */
export const NEVER_ANSWERED = "never";

/** Answers an HTTP request with what it has served so far, a JSON-RPC request with a result. */
const SERVER = `
import { createServer } from "node:http";
let served = 0;
createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
    if (request.method === "POST") served++;
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks)) : undefined;
    if (body?.params?.name === ${JSON.stringify(NEVER_ANSWERED)}) return;
    const reply = body?.jsonrpc ? { jsonrpc: "2.0", id: body.id, result: { served } } : { served };
    response.setHeader("content-type", "application/json").end(JSON.stringify(reply));
  });
}).listen(Number(process.env.PORT), "127.0.0.1");
process.on("SIGTERM", () => process.exit(0));
`;

/** Exits when it cannot reach the address; writes the address that it tried to a file. */
const NEEDS = (url: string) => `
fetch(${JSON.stringify(url)}).then(() => import("./server.mjs"), () => {
  require("node:fs").writeFileSync("tried", "");
  process.exit(1);
});`;

/** Starts only after a dependent service has failed to reach it. */
const IS_NEEDED = `
const begin = () => (require("node:fs").existsSync("tried") ? import("./server.mjs") : setTimeout(begin, 10));
begin();`;

export const LINK = "caller->server";

/** Writes the file of a stack of three real processes: a server, its caller, and the fault proxy between them. */
export function writeSmallStack(folder: string): string {
  writeFileSync(join(folder, "server.mjs"), SERVER);
  const service = (role: string, probe: object, process: object, more: object = {}) => ({
    ports: ["127.0.0.1:0:80"],
    "x-lab": { role, probe, process },
    ...more,
  });
  const server = { command: ["node", "server.mjs"], environment: { PORT: "{port}" } };
  const proxy = {
    command: ["node", FAULT_PROXY],
    environment: { HOST: "127.0.0.1", PORT: "{port}", LINKS: "{links}" },
  };
  const file = join(folder, "stack.yaml");
  const stack = {
    services: {
      server: service("mcp-server", { http: "/" }, server),
      caller: service("other", { http: "/" }, server, { environment: { SERVER_URL: "http://fault-proxy:9001" } }),
      "fault-proxy": service("fault-proxy", { http: "/version" }, proxy),
    },
    "x-lab": { project: "small", links: [{ name: LINK, listen: "fault-proxy:9001", upstream: "server:80" }] },
  };
  writeFileSync(file, JSON.stringify(stack));
  return file;
}

/** A small stack that is up, with a real journal; the caller closes it. */
export async function bringUpSmallStack(folder: string) {
  const journal = openJournal(join(folder, "journal.db"));
  const register = new StackRegister(journal);
  const stacksFolder = join(folder, "stacks");
  const running = await RunningStack.up(loadStack(writeSmallStack(folder), process.env), {
    register,
    stacksFolder,
    ports: "auto",
    kept: true,
    environment: process.env,
    signal: AbortSignal.timeout(30_000),
  });
  const faults = new FaultJournal(journal);
  const undoParts: UndoParts = { register, faults, stacksFolder, environment: process.env };
  return {
    running,
    journal,
    faults,
    register,
    undoParts,
    /** Address of the server for its caller: the link. */
    linkUrl: `http://127.0.0.1:${running.registered.ports[LINK]}/`,
    /** Address of the fault proxy's API. */
    proxyUrl: `http://${running.address("fault-proxy")}`,
    /** Applies faults for a run of its own, whose log is beside it. */
    injector(parts: { faults?: FaultJournal; clock?: typeof systemClock } = {}) {
      const events: LabEvent[] = [];
      const clock = parts.clock ?? systemClock;
      const log = new RunLog({ runId: `run-${Math.random()}`, clock, record: (event) => events.push(event) });
      const injector = new FaultInjector({ stack: running, journal: parts.faults ?? faults, log, clock });
      return { injector, log, events };
    },
    /** Until the test ends, a started service exits while another, which starts slowly, is not up. */
    needing(service: string, other: string) {
      const programs = { [service]: NEEDS(`http://${running.address(other)}`), [other]: IS_NEEDED };
      const { id } = running.registered;
      for (const { service: name, launch } of register.processes(id).filter((each) => each.service in programs)) {
        const relaunch = (change: object) => {
          const identity = register.processes(id).find((each) => each.service === name)?.identity;
          register.setProcess(id, name, { ...launch, ...change }, identity);
        };
        relaunch({ command: ["node", "-e", programs[name]] });
        onTestFinished(() => {
          rmSync(join(folder, "tried"), { force: true });
          relaunch({});
        });
      }
    },
    async close() {
      await running.down();
      journal.close();
    },
  };
}

export type SmallStack = Awaited<ReturnType<typeof bringUpSmallStack>>;
