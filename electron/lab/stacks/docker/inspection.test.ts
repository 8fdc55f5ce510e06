import type Dockerode from "dockerode";
import { describe, expect, test } from "vitest";
import { differencesOf, inspectionOf } from "./inspection.ts";

type Inspected = Dockerode.ContainerInspectInfo;

const network = {
  NetworkID: "n1",
  EndpointID: "e1",
  IPAMConfig: null,
  Aliases: ["shop", "0123456789ab"],
  Links: ["db:database"],
  IPAddress: "10.9.0.3",
  MacAddress: "02:42:0a:09:00:03",
  DriverOpts: null,
  GwPriority: 0,
};

function container(change: Record<string, unknown> = {}, ofNetwork: Record<string, unknown> = {}): Inspected {
  return {
    Id: "0123456789abcdef",
    Name: "/shop-web-1",
    State: { Status: "running", StartedAt: "2026-01-01T00:00:00Z", Pid: 7, Health: { Status: "healthy" } },
    Config: { Env: ["TOKEN=not-for-the-journal"], Labels: {} },
    HostConfig: { PortBindings: { "80/tcp": [{ HostPort: "" }], "81/tcp": [{ HostPort: "1081" }] } },
    NetworkSettings: {
      SandboxID: "s1",
      Ports: {
        "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "32768" }],
        "81/tcp": [{ HostIp: "127.0.0.1", HostPort: "1081" }],
      },
      Networks: { shop_default: { ...network, ...ofNetwork } },
    },
    ...change,
  } as unknown as Inspected;
}

const between = (after: Inspected, before = container()) => differencesOf(inspectionOf(before), inspectionOf(after));

describe("a container before a fault and after its undo", () => {
  test("is restarted with other connections and engine-chosen values, and differs in nothing", () => {
    const State = { Status: "running", StartedAt: "2026-01-01T00:01:00Z", Pid: 8, Health: { Status: "starting" } };
    const ofNetwork = {
      EndpointID: "e2",
      IPAMConfig: {},
      DriverOpts: {},
      Aliases: ["0123456789ab", "shop"],
      IPAddress: "10.9.0.4",
      MacAddress: "02:42:0a:09:00:04",
    };
    const { Networks, Ports } = container({}, ofNetwork).NetworkSettings;
    const NetworkSettings = {
      SandboxID: "s2",
      Networks,
      Ports: { ...Ports, "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "32769" }] },
    };
    expect(between(container({ State, NetworkSettings }))).toEqual([]);
  });

  test.each([
    ["a link", { Links: null }, /\.Links was \["db:database"\], is not there/],
    ["an alias", { Aliases: ["0123456789ab"] }, /\.Aliases was \["0123456789ab","shop"\], is \["0123456789ab"\]/],
    ["a driver's option", { DriverOpts: { mtu: "9000" } }, /\.DriverOpts\.mtu was not there, is "9000"/],
    ["the gateway's priority", { GwPriority: 5 }, /\.GwPriority was 0, is 5/],
    ["a fixed address", { IPAMConfig: { IPv4Address: "10.9.0.7" }, IPAddress: "10.9.0.7" }, /IPAMConfig\.IPv4Address/],
  ])("%s that is another one is named", (_what, ofNetwork, said) => {
    expect(between(container({}, ofNetwork)).join("\n")).toMatch(said);
  });

  test("a fixed address that is not the one it has is named, and so is a MAC that was chosen", () => {
    const fixed = { IPAMConfig: { IPv4Address: "10.9.0.3" }, MacAddress: "02:42:0a:09:00:99" };
    const Config = { MacAddress: "02:42:0a:09:00:99" };
    const before = container({ Config }, fixed);
    expect(between(container({ Config }, { ...fixed, IPAddress: "10.9.0.8" }), before)).toEqual([
      'NetworkSettings.Networks.shop_default.IPAddress was "10.9.0.3", is "10.9.0.8"',
    ]);
    expect(between(container({ Config }, { ...fixed, MacAddress: "02:42:0a:09:00:03" }), before)).toHaveLength(1);
  });

  test("a published port that was chosen, a network and a setting are named", () => {
    const { Networks, Ports } = container().NetworkSettings;
    const unpublished = { SandboxID: "s", Networks, Ports: { "80/tcp": Ports["80/tcp"] } };
    expect(between(container({ NetworkSettings: unpublished }))).toEqual([
      'NetworkSettings.Ports.81/tcp was ["127.0.0.1:1081"], is not there',
    ]);
    const moved = { SandboxID: "s", Ports, Networks: { other: network } };
    expect(between(container({ NetworkSettings: moved }))).toEqual([
      "it is no longer on network shop_default",
      "it is also on network other",
    ]);
    const PortBindings = { "80/tcp": [{ HostPort: "" }], "81/tcp": [{ HostPort: "1081" }] };
    expect(between(container({ HostConfig: { PortBindings, Memory: 9 } }))).toEqual(["HostConfig.Memory was changed"]);
    // An engine that was restarted reports nothing as null where it said [] before, or leaves it out.
    expect(between(container({ HostConfig: { PortBindings, Binds: [], Dns: null } }))).toEqual([]);
    expect(between(container({ State: { Status: "paused" } }))).toEqual(['State.Status was "running", is "paused"']);
  });

  test("what is written down holds no secret", () => {
    expect(JSON.stringify(inspectionOf(container()))).not.toContain("not-for-the-journal");
  });
});
