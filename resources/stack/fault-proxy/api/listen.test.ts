/** Links listen only on loopback, unless the proxy's environment allows more. */
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { expect, test } from "vitest";
import { echo, linkName, openProxy, openServer } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";

const path = `/proxies/${encodeURIComponent(linkName)}`;
const portOf = (listen: string): number => Number(listen.split(":").at(-1));

/** An address of this machine that other machines can reach; there may be none. */
const outside = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

function answers(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    socket.once("connect", () => resolve(true));
    socket.once("error", () => resolve(false));
    socket.once("close", () => socket.destroy());
    socket.once("connect", () => socket.destroy());
  });
}

const beyond = [
  "0.0.0.0:0",
  "[::]:0",
  "10.1.2.3:0",
  "::ffff:10.1.2.3",
  "[::ffff:10.1.2.3]:0",
  "127.1:0",
  "some.host:0",
];

test.each(beyond)("%s is refused like an address that Toxiproxy cannot listen on", async (listen) => {
  const proxy = await openProxy(await openServer(echo));
  const spec = { name: "b", listen, upstream: "127.0.0.1:1" };
  const replies = [
    await proxy.call("POST", "/proxies", spec),
    await proxy.call("POST", "/populate", [spec]),
    await proxy.call("POST", path, { listen }),
    await proxy.call("PATCH", path, { listen, enabled: false }),
  ];
  for (const { status, json } of replies) {
    expect([status, json.status]).toEqual([500, 500]);
    expect(json.error).toMatch(/^listen tcp/);
  }
  expect(replies[0]?.headers.get("content-type")).toBe("text/plain; charset=utf-8");
  expect(Object.keys((await proxy.call("GET", "/proxies")).json)).toEqual([linkName]);
  const client = await RawClient.open(proxy.port);
  client.write("still here");
  await client.receives("still here");
});

test("the refusal names the next step", async () => {
  const proxy = await openProxy(1);
  const { json } = await proxy.call("POST", path, { listen: "0.0.0.0:3310" });
  expect(json.error).toMatch(
    /^listen tcp 0\.0\.0\.0:3310: bind: permission denied: .*127\.0\.0\.1:3310.*LISTEN_BEYOND_LOOPBACK=yes/,
  );
});

test.each(["", ":0", "localhost:0", "LOCALHOST:0", "127.0.0.7:0", "[::1]:0"])(
  "%j is accepted and reachable only from this machine",
  async (listen) => {
    const proxy = await openProxy(await openServer(echo));
    const created = await proxy.call("POST", "/proxies", { name: "b", listen, upstream: "127.0.0.1:1" });
    expect([created.status, created.json.listen]).toEqual([
      201,
      expect.stringMatching(/^(127\.0\.0\.[17]|\[::1\]):\d+$/),
    ]);
    if (outside) expect(await answers(outside, portOf(created.json.listen))).toBe(false);
  },
);

test("an address without a host counts as unchanged when populated again: its toxics are kept", async () => {
  const proxy = await openProxy(1);
  const { json } = await proxy.call("POST", "/populate", [{ name: "b", listen: ":0", upstream: "127.0.0.1:1" }]);
  await proxy.call("POST", "/proxies/b/toxics", { type: "noop" });
  const listen = `:${portOf(json.proxies[0].listen)}`;
  const again = await proxy.call("POST", "/populate", [{ name: "b", listen, upstream: "127.0.0.1:1" }]);
  expect(again.json.proxies[0].toxics).toMatchObject([{ type: "noop" }]);
});

test("if the environment allows it, a link listens on every interface", async () => {
  const proxy = await openProxy(await openServer(echo), 1, true);
  const created = await proxy.call("POST", "/proxies", { name: "b", listen: "0.0.0.0:0", upstream: "127.0.0.1:1" });
  expect([created.status, created.json.listen]).toEqual([201, expect.stringMatching(/^0\.0\.0\.0:\d+$/)]);
  if (outside) expect(await answers(outside, portOf(created.json.listen))).toBe(true);
});
