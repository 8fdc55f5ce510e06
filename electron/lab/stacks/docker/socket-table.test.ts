import { expect, test } from "vitest";
import { tablesWithSockets } from "./socket-table.ts";

const counts = (inUse: number, waiting = 0) =>
  `sockets: used 3\nTCP: inuse ${inUse} orphan 0 tw ${waiting} alloc 332 mem 2\nUDP: inuse 1 mem 256\n`;
const counts6 = (inUse: number) => `TCP6: inuse ${inUse}\nUDP6: inuse 0\n`;

test.each([
  ["only the engine's resolver", counts(1), counts6(0), true, []],
  ["one socket in a network without a resolver", counts(1), counts6(0), false, ["tcp"]],
  ["a server that listens on both", counts(1), counts6(1), true, ["tcp6"]],
  ["a client beside the resolver", counts(2), counts6(0), true, ["tcp"]],
  ["nothing but a connection that was closed a moment ago", counts(1, 1), counts6(0), true, ["tcp", "tcp6"]],
  ["a kernel without IPv6", counts(2), "", true, ["tcp"]],
  ["counts of an unknown form", "TCP: 4\n", "", true, ["tcp", "tcp6"]],
])("a namespace with %s: its tables with sockets are read", (_what, sockstat, sockstat6, hasResolver, tables) => {
  expect(tablesWithSockets(sockstat, sockstat6, hasResolver)).toEqual(tables);
});
