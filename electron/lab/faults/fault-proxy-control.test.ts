import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { freePort } from "../../../resources/stack/http/testing/free-port.ts";
import { lastingFolder } from "../../testing/lasting-folder.ts";
import { bringUpSmallStack, LINK, type SmallStack } from "../../testing/small-stack.ts";
import { send, toolCall } from "../../testing/through-link.ts";
import { FaultProxyControl } from "./fault-proxy-control.ts";

const folder = lastingFolder();
let stack: SmallStack;
let proxy: FaultProxyControl;
beforeAll(async () => {
  stack = await bringUpSmallStack(folder);
  proxy = new FaultProxyControl(stack.proxyUrl);
});
afterAll(() => stack.close());

const AN_HOUR_MS = 3_600_000;
const status503 = { type: "http_status", stream: "downstream", attributes: { status: 503 } } as const;

describe("the fault proxy, controlled by the lab", () => {
  test("arms a fault on a link by its id, counts its hits, and disarms it", async () => {
    expect((await send(stack.linkUrl)).status).toBe(200);
    await proxy.arm(LINK, "fault-1", status503, AN_HOUR_MS);
    expect(await proxy.isArmed(LINK, "fault-1")).toBe(true);
    expect((await send(stack.linkUrl, toolCall("create_refund"))).status).toBe(503);
    const hits = (await proxy.hits(0)).filter(({ toxic }) => toxic === "fault-1");
    expect(hits).toMatchObject([{ link: LINK, method: "tools/call", tool: "create_refund" }]);
    expect(await proxy.disarm(LINK, "fault-1")).toBe(1);
    expect(await proxy.isArmed(LINK, "fault-1")).toBe(false);
    expect((await send(stack.linkUrl)).status).toBe(200);
  });

  test("accepts that a fault is disarmed twice", async () => {
    await proxy.arm(LINK, "fault-2", status503, AN_HOUR_MS);
    expect(await proxy.disarm(LINK, "fault-2")).toBe(0);
    expect(await proxy.disarm(LINK, "fault-2")).toBeUndefined();
  });

  test("closes a link, and opens it again", async () => {
    expect(await proxy.isOpen(LINK)).toBe(true);
    await proxy.close(LINK, AN_HOUR_MS);
    expect(await proxy.isOpen(LINK)).toBe(false);
    await expect(send(stack.linkUrl)).rejects.toThrow("ECONNREFUSED");
    await proxy.open(LINK);
    expect((await send(stack.linkUrl)).status).toBe(200);
  });

  test("ends a fault and a closure by itself when the lab, which may have died, does not", async () => {
    await proxy.arm(LINK, "fault-3", status503, 1);
    await proxy.close(LINK, 1);
    await expect.poll(() => proxy.isArmed(LINK, "fault-3")).toBe(false);
    await expect.poll(() => proxy.isOpen(LINK)).toBe(true);
  });

  test("returns only the hits after a sequence number", async () => {
    await proxy.arm(LINK, "fault-4", status503, AN_HOUR_MS);
    await send(stack.linkUrl);
    const last = (await proxy.hits(0)).at(-1)?.seq ?? 0;
    await send(stack.linkUrl);
    expect((await proxy.hits(last)).map(({ seq }) => seq)).toEqual([last + 1]);
    await proxy.disarm(LINK, "fault-4");
  });

  test("refuses an unknown link and invalid attributes, by name", async () => {
    await expect(proxy.isOpen("caller->nobody")).rejects.toMatchObject({ code: "bad-input" });
    const nonsense = { type: "latency", stream: "downstream", attributes: { latency: -1 } } as const;
    await expect(proxy.arm(LINK, "fault-5", nonsense, AN_HOUR_MS)).rejects.toThrow(/fault proxy, POST .*400/);
    expect((await send(stack.linkUrl)).status).toBe(200);
  });
});

describe("a fault proxy", () => {
  test("that is gone is unreachable", async () => {
    const gone = new FaultProxyControl(`http://127.0.0.1:${await freePort()}`);
    await expect(gone.isOpen(LINK)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringMatching(/^the fault proxy, GET .*ECONNREFUSED/),
    });
    await expect(gone.disarm(LINK, "x")).rejects.toMatchObject({ code: "unreachable" });
  });

  test.each([
    [
      '{"a->b":{"enabled":1,"toxics":[]}}',
      "the fault proxy's list of links cannot be read: a->b.enabled: expected true or false, found a number",
    ],
    ["[]", "the fault proxy's list of links cannot be read: expected a map of fields, found a list"],
    ["<html>", /^the fault proxy, GET .*: what answers there is no fault proxy: not JSON$/],
  ])("that answers %s is no fault proxy: the error names what was expected", async (body, message) => {
    const other = createServer((_request, response) => void response.end(body));
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => void other.close());
    const links = new FaultProxyControl(`http://127.0.0.1:${(other.address() as AddressInfo).port}`).links();
    await expect(links).rejects.toMatchObject({
      message: typeof message === "string" ? message : expect.stringMatching(message),
    });
  });

  test("that is frozen runs into the time limit", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      silent.closeAllConnections();
      silent.close();
    });
    const frozen = new FaultProxyControl(`http://127.0.0.1:${(silent.address() as AddressInfo).port}`);
    await expect(frozen.isOpen(LINK)).rejects.toMatchObject({
      code: "unreachable",
      message: expect.stringMatching(/no answer within/),
    });
  });
});
