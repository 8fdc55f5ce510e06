import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import Database from "better-sqlite3";
import { WebSocket } from "ws";
import type { LabProcedures } from "../contract/contract.ts";
import type { StreamMessage } from "../contract/events.ts";
import type { WindowHello } from "../contract/window.ts";

/** Services print this many lines at once, at this interval: some thousands a second, as a busy stack does. */
const LINES = 8;
const PRINT_EVERY_MS = 2;
const POLL_INTERVAL_MS = 20;

const SCENARIO = `
id: chatter
title: Services that print a lot
patterns: []
steadyState: [{ service: gateway, is: up }]
method: [{ wait: 30m }]
expect: [{ service: gateway, is: up }]
`;

export interface StreamedEvents {
  /** Number of the last event that was sent to the window, or skipped for it. */
  lastSeq: number;
  /** Events sent to the window. */
  events: number;
  /** Of those, the ones reported as saved. */
  saved: number;
  /** Numbers of reported events that are not in the history. */
  missing: number[];
  /** Problems that SQLite finds in the history; empty when intact. */
  damage: string[];
}

/**
 * One round, judged from outside: a browser host in its own process runs a scenario while its services print, and is
 * killed (SIGKILL) as soon as its window was sent what there is up to event number `afterEvents`. What was reported to the
 * window is compared with the rows of the database, read by SQL in this process.
 *
 * @param home a data folder; may be that of an earlier round
 */
export async function killWhileStreaming(home: string, afterEvents: number): Promise<StreamedEvents> {
  const lab = await start(home);
  const { call, close } = await openWindow(lab.address);
  const printing = new AbortController();
  try {
    await call.settings.set({ ports: "auto" });
    await call.scenarios.save({ source: SCENARIO, replace: true });
    await call.runs.start({ scenarioIds: ["chatter"], without: [], repeat: 1 });
    const runId = await runInMethod(call);
    void print(home, printing.signal);
    const seqs: number[] = [];
    let savedSeq = 0;
    let lastSeq = 0;
    let isKilled = false;
    for await (const message of messagesOf(call, runId)) {
      if (message.type !== "run") continue;
      for (const item of message.items) if (item.type !== "skipped") seqs.push(item.seq);
      ({ savedSeq } = message);
      const last = message.items.at(-1);
      if (last !== undefined) lastSeq = last.type === "skipped" ? last.toSeq : last.seq;
      // Skipped ones count: on a busy machine most may be, and the lines that a run logs of a service are bounded.
      if (isKilled || lastSeq < afterEvents) continue;
      isKilled = true;
      lab.child.kill("SIGKILL");
    }
    if (!isKilled) throw new Error(`the stream ended after ${seqs.length} events, before the lab was killed`);
    await lab.exited;
    const stored = storedSeqs(home, runId);
    const saved = seqs.filter((seq) => !(seq > savedSeq));
    const missing = saved.filter((seq) => !stored.has(seq));
    return { lastSeq, events: seqs.length, saved: saved.length, missing, damage: damageOf(home) };
  } finally {
    printing.abort();
    lab.child.kill("SIGKILL");
    close();
  }
}

interface StartedLab {
  child: ChildProcess;
  exited: Promise<unknown>;
  address: string;
}

async function start(home: string): Promise<StartedLab> {
  const page = join(home, "page");
  mkdirSync(page, { recursive: true });
  writeFileSync(join(page, "index.html"), "");
  const child = spawn(process.execPath, [join(import.meta.dirname, "browser-lab.ts"), page], {
    env: { ...process.env, RESILIENCE_LAB_HOME: join(home, "data") },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const address = /http:\/\/\S+token=\S+/.exec(line)?.[0];
    if (address === undefined) continue;
    child.stdout.resume();
    return { child, exited, address };
  }
  throw new Error("the lab ended before it gave its address");
}

async function openWindow(address: string): Promise<{ call: LabProcedures; close: () => void }> {
  const welcome = await fetch(address);
  const cookie = welcome.headers.get("set-cookie")?.split(";")[0] ?? "";
  const window = /setItem\("[^"]+", "([^"]+)"\)/.exec(await welcome.text())?.[1] ?? "";
  const { host, origin } = new URL(address);
  const socket = new WebSocket(`ws://${host}/lab`, { headers: { cookie, origin } });
  socket.on("error", () => {});
  await once(socket, "open");
  socket.send(JSON.stringify({ window } satisfies WindowHello));
  await once(socket, "message");
  const call = createORPCClient<LabProcedures>(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }));
  return { call, close: () => socket.terminate() };
}

async function runInMethod(call: LabProcedures): Promise<string> {
  for (;;) {
    const { active, ended } = await call.runs.active();
    if (ended[0] !== undefined) throw new Error(`the run ended as ${ended[0].outcome}: ${ended[0].reason}`);
    const [entry] = active;
    if (entry?.runId && entry.activity.startsWith("wait for")) return entry.runId;
    await delay(POLL_INTERVAL_MS);
  }
}

/** Everything sent to the window, up to the last message before the lab was killed. */
async function* messagesOf(call: LabProcedures, runId: string): AsyncGenerator<StreamMessage> {
  const subscription = crypto.randomUUID();
  const messages = await call.events.subscribe({ topic: "run", subscription, runId, afterSeq: 0 });
  try {
    for await (const message of messages) {
      yield message;
      call.events.acknowledge({ subscription, message: message.message }).catch(() => {});
    }
  } catch {
    // The lab has been killed.
  }
}

/** As if the services printed it: the lab follows these files. */
async function print(home: string, signal: AbortSignal): Promise<void> {
  const stacks = join(home, "data", "stacks");
  const files = readdirSync(stacks, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".stdout.log"))
    .map((name) => join(stacks, name));
  for (let count = 0; !signal.aborted; count++) {
    const lines = Array.from({ length: LINES }, (_, index) => `line ${count}.${index}\n`);
    appendFileSync(files[count % files.length] ?? "", lines.join(""));
    await delay(PRINT_EVERY_MS);
  }
}

function damageOf(home: string): string[] {
  const database = new Database(join(home, "data", "history.db"), { readonly: true });
  try {
    const found = database.prepare("PRAGMA integrity_check").pluck().all() as string[];
    return found.filter((line) => line !== "ok");
  } finally {
    database.close();
  }
}

function storedSeqs(home: string, runId: string): Set<number> {
  const database = new Database(join(home, "data", "history.db"), { readonly: true });
  try {
    const seqs = database.prepare("SELECT seq FROM events WHERE run_key = (SELECT key FROM runs WHERE id = ?)");
    return new Set(seqs.pluck().all(runId) as number[]);
  } finally {
    database.close();
  }
}
