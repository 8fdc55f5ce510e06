import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { closeCleanly, resetNow } from "./close-socket.ts";

/** Both ends of one connection. */
async function pair(): Promise<{ ours: Socket; peer: Socket }> {
  const server = createServer({ allowHalfOpen: true }).listen(0, "127.0.0.1");
  onTestFinished(() => void server.close());
  await once(server, "listening");
  const address = server.address();
  const ours = connect({ port: address && typeof address === "object" ? address.port : 0, allowHalfOpen: true });
  const [peer] = (await once(server, "connection")) as [Socket];
  onTestFinished(() => {
    ours.destroy();
    peer.destroy();
  });
  ours.on("error", () => {});
  return { ours, peer };
}

const openHandles = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "TCPSocketWrap").length;

test("resetNow sends a TCP reset", async () => {
  const { ours, peer } = await pair();
  resetNow(ours);
  const [error] = (await once(peer.resume(), "error")) as [NodeJS.ErrnoException];
  expect(error.code).toBe("ECONNRESET");
});

test("a reset right after an end does not leak a handle", async () => {
  const before = openHandles();
  const { ours, peer } = await pair();
  ours.end();
  resetNow(ours);
  await once(ours, "close");
  peer.destroy();
  await expect.poll(openHandles).toBe(before);
});

test("a clean close is a FIN, also with unread incoming bytes, and its wait is bounded", async () => {
  const { ours, peer } = await pair();
  peer.write("x".repeat(100_000));
  closeCleanly(ours);
  await once(peer.resume(), "end");
  await once(ours, "close");
  expect(peer.errored).toBeNull();
});
