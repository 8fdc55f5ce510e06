import type Dockerode from "dockerode";
import { expect, test } from "vitest";
import { LABEL } from "./compose-labels.ts";
import { openEngine } from "./engine.ts";
import { readSockets } from "./namespace-sockets.ts";
import { fakeEngine } from "./testing/fake-engine.ts";
import { unseenTraffic } from "./unseen-traffic.ts";

/** Its process is none of this machine's: this one's has another id in its control group. */
const elsewhere = {
  Id: "f00d".repeat(16),
  Name: "/shop-tools-1",
  State: { Pid: process.pid },
  Config: { Labels: { [LABEL.service]: "tools" } },
  HostConfig: { NetworkMode: "shop_default" },
  NetworkSettings: { Networks: { shop_default: { IPAddress: "10.5.0.2" } } },
} as unknown as Dockerode.ContainerInspectInfo;

test("what an engine elsewhere does not let the lab read is told, with its reason", async () => {
  const engine = await fakeEngine();
  engine.answer("/build", { message: "builds are not allowed here" }, 403);
  const read = await readSockets(openEngine(engine.address), [elsewhere]);
  expect(read.sockets.size).toBe(0);
  expect(unseenTraffic([elsewhere], read)).toEqual([
    expect.stringMatching(/^the connections and ports of tools: .*builds are not allowed here/),
  ]);
});
