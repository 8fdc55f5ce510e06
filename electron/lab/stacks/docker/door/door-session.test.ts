import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../../../resources/stack/http/testing/free-port.ts";
import { PROJECT_FOLDER } from "../../../version.ts";
import { DoorSession } from "./door-session.ts";

const PROGRAM = join(PROJECT_FOLDER, "resources", "stack", "build", "door.mjs");

/** A door as a process, controlled over its standard streams. */
function door() {
  const child = spawn(process.execPath, [PROGRAM], { stdio: ["pipe", "pipe", "inherit"] });
  onTestFinished(() => void child.kill("SIGKILL"));
  const session = new DoorSession(child.stdout, child.stdin);
  onTestFinished(() => session.close());
  return { session, child, ended: once(child, "exit") };
}

/** A write that is lost with its session is one in some: none may be. */
const ROUNDS = 6;

async function serverThat(serves: (socket: Socket) => void) {
  const server = createServer({ allowHalfOpen: true }, serves).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  return { host: "127.0.0.1", port: (server.address() as AddressInfo).port };
}

test("dials an address for the lab, with many connections at once and more than a window in both directions", async () => {
  const { session } = door();
  const echo = await serverThat((socket) => pipeline(socket, socket, () => {}));
  const sent = Array.from({ length: 8 }, () => randomBytes(3 * 1024 * 1024));
  const received = await Promise.all(
    sent.map(async (bytes) => {
      const connection = await session.dial(echo);
      connection.end(bytes);
      return buffer(connection);
    }),
  );
  expect(received.every((bytes, at) => sent[at]?.equals(bytes))).toBe(true);
});

test.each([
  ["the door is killed", ({ child }: ReturnType<typeof door>) => child.kill("SIGKILL")],
  ["it is closed", ({ session }: ReturnType<typeof door>) => session.close()],
])("ends on both sides with much on its way over many connections when %s", async (_what, end) => {
  const echo = await serverThat((socket) => pipeline(socket, socket, () => {}));
  const bytes = randomBytes(2 * 1024 * 1024);
  for (let round = 0; round < ROUNDS; round++) {
    const one = door();
    const connections = await Promise.all(Array.from({ length: 16 }, () => one.session.dial(echo)));
    const received = connections.map((connection) => {
      connection.end(bytes);
      return buffer(connection).catch(() => undefined);
    });
    // The first bytes are back: from then on there is always a write on its way.
    await Promise.race(connections.map((connection) => once(connection, "readable")));
    end(one);
    await Promise.all([one.session.ended, one.ended, ...received]);
  }
});

test("reports an address where nobody listens, and a connection that is broken off", async () => {
  const { session } = door();
  await expect(session.dial({ host: "127.0.0.1", port: await freePort() })).rejects.toThrow(
    /was not reached: connect ECONNREFUSED/,
  );
  const resetting = await serverThat((socket) => socket.once("data", () => socket.resetAndDestroy()));
  const connection = await session.dial(resetting);
  connection.write("hello");
  await expect(text(connection)).rejects.toThrow();
});

test("hands connections to an address on which it listens to the lab", async () => {
  const { session } = door();
  const host = "127.0.0.1";
  const address = { host, port: await session.listen({ host, port: 0 }) };
  const callers = ["one", "two"].map(() => connect({ ...address, allowHalfOpen: true }));
  for (const [at, caller] of callers.entries()) caller.end(`caller ${at}`);
  const accepted = await Promise.all([session.accept(address), session.accept(address)]);
  const heard = await Promise.all(
    accepted.map(async (connection) => {
      const said = await text(connection);
      connection.end(`${said} answered`);
      return said;
    }),
  );
  expect(heard.sort()).toEqual(["caller 0", "caller 1"]);
  expect(await Promise.all(callers.map((caller) => text(caller)))).toEqual(["caller 0 answered", "caller 1 answered"]);
});

test("refuses to listen where another does, with the reason", async () => {
  const { session } = door();
  const taken = await serverThat(() => {});
  await expect(session.listen(taken)).rejects.toThrow(/cannot listen on .*EADDRINUSE/);
});

test("ends with the lab's end of its streams, and the lab's side with it", async () => {
  const one = door();
  await one.session.ready();
  one.child.stdin.destroy();
  one.child.stdout.destroy();
  expect(await one.ended).toEqual([0, null]);
  const other = door();
  await other.session.ready();
  other.child.kill("SIGKILL");
  await other.session.ended;
  await expect(other.session.dial({ host: "127.0.0.1", port: 1 })).rejects.toThrow(/has ended/);
});
