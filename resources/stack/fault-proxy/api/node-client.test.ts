/** Toxiproxy's published Node client works with the proxy unchanged. */

import { Toxiproxy } from "toxiproxy-node-client";
import { expect, test } from "vitest";
import { echo, openProxy, openServer } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";

test("toxiproxy-node-client works: version, proxies, toxics, populate, reset", async () => {
  const upstream = `127.0.0.1:${await openServer(echo)}`;
  const { apiUrl } = await openProxy(1);
  const toxiproxy = new Toxiproxy(apiUrl);
  expect(await toxiproxy.getVersion()).toContain('"version"');

  const proxy = await toxiproxy.createProxy({ name: "redis", listen: "localhost:0", upstream });
  expect(Object.keys(await toxiproxy.getAll())).toContain("redis");
  const port = Number(proxy.listen.split(":").at(-1));

  const toxic = await proxy.addToxic({
    name: "slow",
    type: "latency",
    stream: "downstream",
    toxicity: 1,
    attributes: { latency: 40, jitter: 0 },
  });
  expect((await proxy.getToxic("slow")).attributes).toMatchObject({ latency: 40 });
  const client = await RawClient.open(port);
  const startMs = performance.now();
  client.write("x");
  await client.receives("x");
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(39);
  const updated = await toxic.update({ ...toxic.toJson(), toxicity: 0.5 });
  expect(updated.toxicity).toBe(0.5);
  await toxic.remove();
  await expect(proxy.getToxic("slow")).rejects.toThrow("404");

  expect((await proxy.update({ ...proxy.toJson(), enabled: false })).enabled).toBe(false);
  await toxiproxy.reset();
  expect((await toxiproxy.get("redis")).enabled).toBe(true);

  expect(
    Object.keys(await toxiproxy.populate([{ name: "a", listen: "127.0.0.1:0", upstream, enabled: true }])),
  ).toEqual(["a"]);
  expect(await toxiproxy.populate([])).toEqual({});
  await expect(toxiproxy.createProxy({ name: "a", listen: "127.0.0.1:0", upstream })).rejects.toThrow("409");
  await proxy.remove();
  await expect(toxiproxy.get("redis")).rejects.toThrow("404");
});
