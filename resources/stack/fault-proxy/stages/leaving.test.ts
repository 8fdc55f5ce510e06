/** Byte faults: whichever side closes while one is active, no socket stays open after it is undone. */
import type { Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { readLink } from "../api/link-body.ts";
import { readToxic } from "../api/toxic-body.ts";
import { Registry } from "../registry.ts";
import { hasSocketTable, proxySockets } from "../testing/kernel-sockets.ts";
import { openServer } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";

const faults = [
  { type: "latency", attributes: { latency: 60_000 } },
  { type: "bandwidth", attributes: { rate: 0 } },
  { type: "bandwidth", attributes: { rate: 1 } },
  { type: "slow_close", attributes: { delay: 60_000 } },
  { type: "timeout", attributes: { timeout: 0 } },
  { type: "timeout", attributes: { timeout: 60_000 } },
  { type: "reset_peer", attributes: { timeout: 60_000 } },
  { type: "slicer", attributes: { average_size: 1_000, delay: 1_000_000 } },
  { type: "limit_data", attributes: { bytes: 1_000_000_000 } },
  { type: "down" },
];

const ways: Readonly<Record<string, (client: Socket, server: Socket) => void>> = {
  "the client goes": (client) => client.destroy(),
  "the client resets": (client) => client.resetAndDestroy(),
  "the client ends its side": (client) => client.end(),
  "the server goes": (_client, server) => server.destroy(),
  "the server resets": (_client, server) => server.resetAndDestroy(),
  "the server ends its side": (_client, server) => server.end(),
};

/** More than a lane holds before it pauses its source. */
const payload = Buffer.alloc(300_000, "x");

test.each(faults)("$type $attributes", async (fault) => {
  const registry = new Registry(1);
  onTestFinished(() => registry.close());
  const arrived: Socket[] = [];
  const upstreamPort = await openServer((socket) => void arrived.push(socket));
  const links = ["upstream", "downstream"];
  const peers: Socket[] = [];
  for (const stream of links) {
    const upstream = `127.0.0.1:${upstreamPort}`;
    await registry.createLink(readLink({ name: stream, listen: "127.0.0.1:0", upstream }));
  }
  const ports = registry.links().map(({ listen }) => Number(listen.split(":").at(-1)));
  const before = hasSocketTable && proxySockets(ports, upstreamPort);
  for (const [at, stream] of links.entries()) {
    const pairs: [(client: Socket, server: Socket) => void, Socket, Socket][] = [];
    for (const leave of Object.values(ways)) {
      const client = await RawClient.open(ports[at] ?? 0);
      await expect.poll(() => arrived.length).toBe(1);
      const server = arrived.pop();
      if (server) pairs.push([leave, client.socket, server.resume()]);
    }
    if (fault.type === "down") await registry.updateLink(stream, () => ({ enabled: false }));
    else await registry.addToxic(stream, () => readToxic({ name: "fault", stream, ...fault }));
    for (const [leave, client, server] of pairs) {
      client.write(payload);
      server.write(payload);
      leave(client, server);
      peers.push(client, server);
    }
  }
  for (const stream of links) {
    if (fault.type === "down") await registry.updateLink(stream, () => ({ enabled: true }));
    else await registry.removeToxic(stream, "fault");
  }
  // The other side then closes too.
  for (const socket of peers) socket.end();
  await expect.poll(() => registry.links().map((link) => link.connections().size)).toEqual([0, 0]);
  expect(registry.held.total).toBe(0);
  if (!hasSocketTable) return;
  expect(before).toEqual({ listeners: 2, toClients: 0, toUpstream: 0 });
  await expect.poll(() => proxySockets(ports, upstreamPort)).toEqual(before);
});
