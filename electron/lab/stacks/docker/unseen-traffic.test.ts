import type Dockerode from "dockerode";
import { expect, test } from "vitest";
import { LABEL } from "./compose-labels.ts";
import { unseenTraffic } from "./unseen-traffic.ts";

function container(service: string, mode = "shop_default"): Dockerode.ContainerInspectInfo {
  return {
    Id: `id-of-${service}`,
    Name: `/shop-${service}-1`,
    State: { Pid: 1 },
    Config: { Labels: { [LABEL.service]: service } },
    HostConfig: { NetworkMode: mode },
  } as unknown as Dockerode.ContainerInspectInfo;
}

const ALL_READ = { sockets: new Map(), unread: [], reason: "" };

test("a project whose containers all have a network of their own, and were read, has nothing that is not known", () => {
  expect(unseenTraffic([container("gateway"), container("tools")], ALL_READ)).toEqual([]);
});

test("names the services whose sockets were not read, with the reason", () => {
  const [gateway, tools] = [container("gateway"), container("tools")];
  const read = { sockets: new Map(), unread: [gateway, tools], reason: "the engine refused it" };
  expect(unseenTraffic([gateway, tools], read)).toEqual([
    "the connections and ports of gateway, tools: the engine refused it",
  ]);
});

test("names those in a network that is not theirs alone, and who stands for them", () => {
  const found = [
    container("gateway"),
    container("metrics", "container:id-of-gateway"),
    container("probe", "container:id-of-metrics"),
    container("agent", "host"),
    container("proxy", "container:someone-elses"),
    container("batch", "none"),
  ];
  expect(unseenTraffic(found, ALL_READ)).toEqual([
    "the connections of agent: in the network of the engine's machine",
    "the connections of proxy: in the network of a container outside the project",
    "which of gateway, metrics, probe connects, since they share a network: gateway stands for them",
  ]);
});
