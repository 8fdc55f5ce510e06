import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { createORPCClient } from "@orpc/client";
import { RPCLink } from "@orpc/client/websocket";
import Database from "better-sqlite3";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import type { LabProcedures } from "../contract/contract.ts";
import { serviceProcessesOf } from "../lab/watchdog/testing/process-table.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { browserHost } from "./browser.ts";

/** First byte of a WebSocket's close frame, as a server sends it. */
const CLOSE_FRAME = 0x88;

/** A lab in a browser, and how to have a window of it. */
async function started() {
  const home = temporaryFolder();
  const pageFolder = join(home, "page");
  mkdirSync(pageFolder);
  writeFileSync(join(pageFolder, "index.html"), "");
  const [out, ending] = [new PassThrough(), new AbortController()];
  const environment = { ...process.env, RESILIENCE_LAB_HOME: home };
  const signal = ending.signal;
  const ended = browserHost({ environment, port: 0, opensBrowser: false, out, signal, pageFolder });
  onTestFinished(async () => {
    ending.abort();
    await ended.catch(() => {});
  });
  let output = "";
  out.on("data", (text) => {
    output += text;
  });
  await expect.poll(() => output).toMatch(/token=/);
  const address = /http:\S+/.exec(output)?.[0] ?? "";
  const welcome = await fetch(address);
  const cookie = welcome.headers.get("set-cookie")?.split(";")[0] ?? "";
  const key = /setItem\("[^"]+", "([^"]+)"\)/.exec(await welcome.text())?.[1] ?? "";
  return { home, host: new URL(address).host, cookie, key, end: () => ending.abort(), ended };
}

type Started = Awaited<ReturnType<typeof started>>;

async function windowOf({ host, cookie, key }: Started): Promise<LabProcedures> {
  const socket = new WebSocket(`ws://${host}/lab`, { headers: { cookie, origin: `http://${host}` } });
  await once(socket, "open");
  socket.send(JSON.stringify({ window: key }));
  await once(socket, "message");
  return createORPCClient(new RPCLink({ websocket: socket as unknown as globalThis.WebSocket }));
}

/** A tab that its browser has frozen: its connection is there, and nothing in it answers. */
async function frozenTab({ host, cookie }: Started, key: string): Promise<{ goodbye: Promise<void> }> {
  const [name = "", port = ""] = host.split(":");
  const socket = connect(Number(port), name);
  onTestFinished(() => void socket.destroy());
  const { promise: goodbye, resolve } = Promise.withResolvers<void>();
  const lines = [
    "GET /lab HTTP/1.1",
    `Host: ${host}`,
    `Origin: http://${host}`,
    `Cookie: ${cookie}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${btoa("x".repeat(16))}`,
  ];
  socket.write(`${lines.join("\r\n")}\r\n\r\n`);
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 101 /);
  const hello = Buffer.from(JSON.stringify({ window: key }));
  // A text in one frame, masked with zeros.
  socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | hello.length, 0, 0, 0, 0]), hello]));
  const [welcome] = (await once(socket, "data")) as [Buffer];
  expect(welcome.toString()).toContain('{"window":');
  socket.on("data", (data: Buffer) => data[0] === CLOSE_FRAME && resolve());
  return { goodbye };
}

describe.runIf(process.platform === "linux")("ending the lab", () => {
  test("restores everything before it closes any window, and ends although one of them is frozen", async () => {
    const lab = await started();
    const call = await windowOf(lab);
    await call.settings.set({ ports: "auto" });
    await call.stack.up();
    await call.stack.fault({ kind: "pause", target: "mock-slack" });
    const tab = await frozenTab(lab, (await call.windows.invite()).key);
    lab.end();
    await tab.goodbye;
    expect(serviceProcessesOf(lab.home)).toEqual([]);
    const journal = new Database(join(lab.home, "journal.db"), { readonly: true });
    const left = ["holder", "stacks", "faults"].map((table) => journal.prepare(`SELECT * FROM ${table}`).all());
    journal.close();
    expect(left).toEqual([[], [], []]);
    await lab.ended;
  });
});
