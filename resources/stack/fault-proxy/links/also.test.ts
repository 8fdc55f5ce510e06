/** A link with several addresses: one set of toxics, one upstream for each. */
import { expect, test } from "vitest";
import { openProxy, openServer } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";

const portOf = (listen: string): number => Number(listen.split(":").at(-1));

async function openTwoAddresses() {
  const proxy = await openProxy(1);
  const [first, second] = await Promise.all(
    ["first", "second"].map((name) => openServer((socket) => socket.end(name))),
  );
  const created = await proxy.call("POST", "/proxies", {
    name: "a->b",
    listen: "127.0.0.1:0",
    upstream: `127.0.0.1:${first}`,
    also: [{ listen: "127.0.0.1:0", upstream: `127.0.0.1:${second}` }],
  });
  expect(created.status).toBe(201);
  const { listen, also } = created.json;
  return { proxy, ports: [portOf(listen), portOf(also[0].listen)] };
}

test("sends each address to its own upstream", async () => {
  const { ports } = await openTwoAddresses();
  const clients = await Promise.all(ports.map((port) => RawClient.open(port)));
  await clients[0]?.receives("first");
  await clients[1]?.receives("second");
});

test("is broken, counted, closed and opened as one", async () => {
  const { proxy, ports } = await openTwoAddresses();
  await proxy.call("POST", "/proxies/a-%3Eb/toxics", { name: "cut", type: "limit_data", attributes: { bytes: 0 } });
  for (const port of ports) await (await RawClient.open(port)).ended();
  expect((await proxy.call("GET", "/proxies/a-%3Eb/toxics/cut")).json).toMatchObject({ hits: 2 });
  await proxy.call("POST", "/proxies/a-%3Eb", { enabled: false });
  for (const port of ports) await expect(RawClient.open(port)).rejects.toThrow("ECONNREFUSED");
  await proxy.call("DELETE", "/proxies/a-%3Eb/toxics/cut");
  const { json } = await proxy.call("POST", "/proxies/a-%3Eb", { enabled: true });
  expect([portOf(json.listen), portOf(json.also[0].listen)]).toEqual(ports);
  await (await RawClient.open(ports[1] ?? 0)).receives("second");
});

test("opens all of its addresses or none, and only on loopback", async () => {
  const { proxy, ports } = await openTwoAddresses();
  const link = { name: "c->d", listen: "127.0.0.1:0", upstream: "127.0.0.1:1" };
  const taken = await proxy.call("POST", "/proxies", {
    ...link,
    also: [{ listen: `127.0.0.1:${ports[0]}`, upstream: "127.0.0.1:1" }],
  });
  expect([taken.status, taken.json.error]).toEqual([500, expect.stringContaining("address already in use")]);
  const outside = await proxy.call("POST", "/proxies", { ...link, also: [{ listen: "0.0.0.0:0", upstream: "h:1" }] });
  expect(outside.json.error).toContain("permission denied");
  const wrong = await proxy.call("POST", "/proxies", { ...link, also: [{ listen: "127.0.0.1:0" }] });
  expect(wrong.status).toBe(400);
  expect(Object.keys((await proxy.call("GET", "/proxies")).json)).not.toContain("c->d");
});

test.each([
  ["a change", "/proxies/a-%3Eb", (change: object) => change],
  ["an entry", "/populate", (change: object) => [{ name: "a->b", upstream: "127.0.0.1:1", ...change }]],
])("keeps all of its addresses open when %s is refused", async (_what, path, body) => {
  const { proxy, ports } = await openTwoAddresses();
  const taken = await openServer(() => {});
  const before = (await proxy.call("GET", "/proxies/a-%3Eb")).json;
  expect((await proxy.call("POST", path, body({ listen: `127.0.0.1:${taken}` }))).status).toBe(500);
  expect((await proxy.call("GET", "/proxies/a-%3Eb")).json).toEqual(before);
  await (await RawClient.open(ports[0] ?? 0)).receives("first");
  await (await RawClient.open(ports[1] ?? 0)).receives("second");
});
