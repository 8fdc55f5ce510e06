import { expect, test } from "vitest";
import type { Baseline } from "../../journal/baseline.ts";
import { LABEL } from "./compose-labels.ts";
import { DockerDriver } from "./docker-driver.ts";
import { openEngine } from "./engine.ts";
import { fakeEngine } from "./testing/fake-engine.ts";

const container = {
  Id: "abc",
  Name: "/shop-web-1",
  Config: { Labels: { [LABEL.project]: "shop", [LABEL.service]: "web" } },
};

async function engineThatRefusesToPause(times: number, message: string) {
  const engine = await fakeEngine();
  engine.answer("/containers/json", [{ Id: "abc", Labels: container.Config.Labels }]);
  engine.answer("/containers/abc/json", container);
  let asked = 0;
  engine.handle("/containers/abc/pause", (_request, response) => {
    asked++;
    const isRefused = asked <= times;
    response.writeHead(isRefused ? 500 : 204, { "content-type": "application/json" });
    response.end(isRefused ? JSON.stringify({ message }) : undefined);
  });
  return { driver: new DockerDriver(openEngine(engine.address), "shop", "shop-1"), asked: () => asked };
}

test("a pause that the engine gives up since a process begins meanwhile is asked for again", async () => {
  const { driver, asked } = await engineThatRefusesToPause(2, "OCI runtime pause failed: unable to freeze: unknown");
  await driver.pause("web");
  expect(asked()).toBe(3);
});

test("a pause that is never to be is refused after some attempts, and any other refusal at once", async () => {
  const freezing = await engineThatRefusesToPause(1_000, "OCI runtime pause failed: unable to freeze: unknown");
  await expect(freezing.driver.pause("web")).rejects.toThrow("pausing web: OCI runtime pause failed: unable to freeze");
  const other = await engineThatRefusesToPause(1_000, "no cgroup v2");
  await expect(other.driver.pause("web")).rejects.toThrow("pausing web: no cgroup v2");
  expect(other.asked()).toBe(1);
});

test("a container that cannot have two of its networks again is named with both, and has the others", async () => {
  const engine = await fakeEngine();
  engine.answer("/containers/json", [{ Id: "abc", Labels: container.Config.Labels }]);
  engine.answer("/containers/abc/json", container);
  engine.answer("/networks/front/connect", { message: "Address already in use" }, 403);
  engine.answer("/networks/back/connect", { message: "network back not found" }, 404);
  let connected = 0;
  engine.handle("/networks/side/connect", (_request, response) => {
    connected++;
    response.writeHead(200).end();
  });
  const endpoints = [
    { network: "front", config: { IPAMConfig: { IPv4Address: "10.5.0.9" } } },
    { network: "back", config: {} },
    { network: "side", config: {} },
  ];
  const inspection = { "NetworkSettings.Networks.shop_front.NetworkID": "front" };
  const before = { containers: [{ id: "abc", service: "web", endpoints, inspection }] } as unknown as Baseline;
  const driver = new DockerDriver(openEngine(engine.address), "shop", "shop-1");
  await expect(driver.reconnect("web", before)).rejects.toThrow(
    "connecting web to network shop_front again at 10.5.0.9: Address already in use; " +
      "connecting web to network back again: network back not found",
  );
  expect(connected).toBe(1);
});
