/** Populate and reset, with Toxiproxy's rules for kept and replaced proxies. */
import { describe, expect, test } from "vitest";
import { echo, linkName, openProxy, openServer, type ProxyUnderTest } from "../testing/proxy-under-test.ts";
import { RawClient } from "../testing/raw-client.ts";

const path = `/proxies/${encodeURIComponent(linkName)}`;

async function open(): Promise<ProxyUnderTest> {
  return openProxy(await openServer(echo));
}

describe("populate and reset", () => {
  const entry = (name: string, listen = "127.0.0.1:0"): Record<string, unknown> => ({
    name,
    listen,
    upstream: "127.0.0.1:1",
  });

  test("populate answers 201 with the resulting proxies; an empty list with an empty list", async () => {
    const proxy = await open();
    const reply = await proxy.call("POST", "/populate", [entry("a"), entry("b")]);
    expect(reply.status).toBe(201);
    expect(reply.json.proxies.map(({ name }: { name: string }) => name)).toEqual(["a", "b"]);
    expect((await proxy.call("POST", "/populate", [])).json).toEqual({ proxies: [] });
  });

  test("an equal entry is unchanged, also if enabled differs; a different one is replaced without its toxics", async () => {
    const proxy = await open();
    await proxy.arm({ type: "noop" });
    const same = { name: linkName, ...(await proxy.call("GET", path)).json, toxics: undefined };
    const kept = (await proxy.call("POST", "/populate", [{ ...same, enabled: false }])).json.proxies[0];
    expect(kept).toMatchObject({ enabled: true, toxics: [{ name: "noop_downstream" }] });
    const replaced = (await proxy.call("POST", "/populate", [{ ...same, upstream: "127.0.0.1:2" }])).json.proxies[0];
    expect(replaced).toMatchObject({ upstream: "127.0.0.1:2", listen: same.listen, toxics: [] });
  });

  test("toxics of an entry are armed with it", async () => {
    const proxy = await open();
    const toxics = [{ type: "latency", attributes: { latency: 3 } }];
    const reply = await proxy.call("POST", "/populate", [{ ...entry("a"), toxics }]);
    expect(reply.json.proxies[0].toxics).toMatchObject([{ name: "latency_downstream", attributes: { latency: 3 } }]);
  });

  test("a missing field creates nothing; a later failure keeps the earlier ones and reports them", async () => {
    const proxy = await open();
    const missing = await proxy.call("POST", "/populate", [entry("a"), { upstream: "x:1" }]);
    expect(missing.status).toBe(400);
    expect(missing.headers.get("content-type")).toBe("application/json");
    expect(missing.json).toEqual({ error: "missing required field: name at proxy 2", status: 400, proxies: [] });
    const failed = await proxy.call("POST", "/populate", [entry("a"), entry("b", "bad")]);
    expect(failed.status).toBe(500);
    expect(failed.json).toMatchObject({ status: 500, proxies: [{ name: "a" }] });
    expect((await proxy.call("GET", "/proxies/a")).status).toBe(200);
  });

  test.each(["bad", "203.0.113.1:80", "taken"])(
    "a refused entry (%s) keeps the one that it should replace, open",
    async (at) => {
      const proxy = await open();
      const listen = at === "taken" ? `127.0.0.1:${await openServer(echo)}` : at;
      await proxy.arm({ type: "noop" });
      const before = (await proxy.call("GET", path)).json;
      expect((await proxy.call("POST", "/populate", [entry(linkName, listen)])).status).toBe(500);
      expect((await proxy.call("GET", path)).json).toEqual(before);
      const client = await RawClient.open(proxy.port);
      client.write("x");
      await client.receives("x");
    },
  );

  test("reset enables every proxy and removes every toxic", async () => {
    const proxy = await open();
    await proxy.call("POST", "/proxies", { ...entry("off"), enabled: false });
    await proxy.arm({ type: "noop" });
    const reply = await proxy.call("POST", "/reset");
    expect([reply.status, reply.text]).toEqual([204, ""]);
    const all = (await proxy.call("GET", "/proxies")).json;
    expect([all.off.enabled, all[linkName].toxics]).toEqual([true, []]);
  });

  test("one proxy that cannot be enabled does not prevent the reset of the others", async () => {
    const proxy = await open();
    const listen = `127.0.0.1:${proxy.port}`;
    await proxy.call("POST", "/populate", [
      { ...entry("0", listen), enabled: false },
      { ...entry("1"), enabled: false },
    ]);
    await proxy.arm({ type: "noop" });
    const reply = await proxy.call("POST", "/reset");
    expect(reply.status).toBe(500);
    expect(reply.json.error).toContain("address already in use");
    const all = (await proxy.call("GET", "/proxies")).json;
    expect([all[1].enabled, all[linkName].toxics]).toEqual([true, []]);
  });
});
