import type Dockerode from "dockerode";
import { expect, test } from "vitest";
import { LABEL } from "./compose-labels.ts";
import { seenTraffic } from "./seen-traffic.ts";
import { SIDECAR_USER } from "./sidecar/sidecar-image.ts";
import { parseSocketTable } from "./socket-table.ts";

type Inspected = Dockerode.ContainerInspectInfo;

function container(service: string, address: string, more: { six?: string; mode?: string } = {}): Inspected {
  return {
    Id: `id-of-${service}`,
    Name: `/shop-${service}-1`,
    Config: { Labels: { [LABEL.service]: service } },
    HostConfig: { NetworkMode: more.mode ?? "shop_default" },
    NetworkSettings: { Networks: { shop_default: { IPAddress: address, GlobalIPv6Address: more.six ?? "" } } },
  } as unknown as Inspected;
}

/** As the kernel prints it, but for what is not read. */
const row = (local: string, remote: string, state: string, user = 0) =>
  `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000  ${user}        0 285075 2 0000 20 4 28 12 -1`;

const GATEWAY = container("gateway", "192.168.240.5", { six: "fd00::5" });
const TOOLS = container("tools", "192.168.240.4", { six: "fd00::4" });
const WORKER = container("worker", "192.168.240.6");
const ANY = "00000000:0000";

function seen(tables: Record<string, readonly string[]>, containers = [GATEWAY, TOOLS, WORKER]) {
  const sockets = Object.entries(tables).map(
    ([name, rows]) => [`id-of-${name}`, parseSocketTable(rows.join("\n"))] as const,
  );
  return seenTraffic(containers, new Map(sockets));
}

test("the caller's end of a connection is a link, whatever its state after it was connected", () => {
  const rows = [
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
    row("05F0A8C0:A566", "04F0A8C0:0BB9", "06"),
    row("05F0A8C0:B28E", "04F0A8C0:0BB9", "01"),
    // Not answered.
    row("05F0A8C0:E310", "06F0A8C0:0050", "02"),
    // Of a machine that is none of the project's.
    row("05F0A8C0:E311", "01F0A8C0:0050", "01"),
    "   3: 05F0A8C0:E3",
  ];
  expect(seen({ gateway: rows }).links).toEqual([{ name: "gateway->tools", port: 3001 }]);
});

test("the callee's end tells who called it, and at which port it listens", () => {
  const rows = [
    row("00000000000000000000000000000000:0BB9", "00000000000000000000000000000000:0000", "0A"),
    row("0000000000000000FFFF000004F0A8C0:0BB9", "0000000000000000FFFF000005F0A8C0:DFA0", "06"),
  ];
  const { links, listening } = seen({ tools: rows });
  expect(links).toEqual([{ name: "gateway->tools", port: 3001 }]);
  expect(listening.get("tools")).toEqual([3001]);
});

test("IPv6 is read as well", () => {
  const rows = [row("000000FD000000000000000005000000:A566", "000000FD000000000000000004000000:1F90", "01")];
  expect(seen({ gateway: rows }).links).toEqual([{ name: "gateway->tools", port: 8080 }]);
});

test("what listens for itself alone, and what a fault of the lab's does there, is not the service's", () => {
  const { links, listening } = seen({
    gateway: [
      row("0100007F:1F90", ANY, "0A"),
      row("0B00007F:90E5", ANY, "0A"),
      row("00000000:9C41", ANY, "0A", SIDECAR_USER),
      row("05F0A8C0:E312", "06F0A8C0:0BB9", "01", SIDECAR_USER),
    ],
  });
  expect([links, listening.get("gateway")]).toEqual([[], []]);
});

test("in a shared namespace connections are its owner's, and ports nobody's; in the machine's neither is anyone's", () => {
  const sharer = container("metrics", "", { mode: "container:id-of-gateway" });
  const onHost = container("agent", "", { mode: "host" });
  const rows = [row("05F0A8C0:B28E", "04F0A8C0:0BB9", "01"), row("00000000:2328", ANY, "0A")];
  const found = seen({ gateway: rows, agent: rows }, [GATEWAY, TOOLS, sharer, onHost]);
  expect(found.links).toEqual([{ name: "gateway->tools", port: 3001 }]);
  expect([...found.listening]).toEqual([
    ["gateway", []],
    ["tools", []],
  ]);
});

test("a pair has one link, at the port of most of its connections", () => {
  const rows = ["0BB9", "1F90", "1F90"].map((port, at) => row(`05F0A8C0:B28${at}`, `04F0A8C0:${port}`, "01"));
  expect(seen({ gateway: rows }).links).toEqual([{ name: "gateway->tools", port: 8080 }]);
});
