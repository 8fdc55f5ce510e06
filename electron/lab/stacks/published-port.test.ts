import { expect, test } from "vitest";
import { z } from "zod";
import { attachedPorts, publishedPorts } from "./published-port.ts";

const read = (value: unknown) => {
  const result = z.array(publishedPorts).safeParse([value]);
  if (!result.success) return result.error.issues[0]?.message;
  return result.data
    .flat()
    .map(({ hostAddress, hostPort, containerPort }) => `${hostAddress} ${hostPort} ${containerPort}`);
};

test.each<[unknown, string[]]>([
  [8080, ["0.0.0.0 0 8080"]],
  ["8080", ["0.0.0.0 0 8080"]],
  ["80:8080", ["0.0.0.0 80 8080"]],
  ["127.0.0.1:80:8080", ["127.0.0.1 80 8080"]],
  ["127.0.0.1::8080", ["127.0.0.1 0 8080"]],
  ["[::1]:80:8080/tcp", ["[::1] 80 8080"]],
  ["3000-3002:4000-4002", ["0.0.0.0 3000 4000", "0.0.0.0 3001 4001", "0.0.0.0 3002 4002"]],
  [
    {
      target: 8080,
      published: "80",
      host_ip: "127.0.0.1",
      protocol: "tcp",
      name: "web",
      app_protocol: "http",
      mode: "host",
    },
    ["127.0.0.1 80 8080"],
  ],
  [{ target: 8080 }, ["0.0.0.0 0 8080"]],
])("%j is published", (value, ports) => expect(read(value)).toEqual(ports));

test.each<[unknown, RegExp]>([
  ["53:53/udp", /publishes TCP ports only, not udp/],
  ["8000-8010:80", /chooses no port from a range/],
  ["http", /expected a port such as/],
  ["80:70000", /expected a port such as/],
  ["90-80", /expected a port such as/],
  [{ target: 80, colour: "red" }, /expected a port such as/],
  [{ published: 80 }, /expected a port such as/],
])("%j is refused", (value, message) => expect(read(value)).toMatch(message));

test("of an attached service the TCP ports are read, and nothing is refused", () => {
  expect(
    attachedPorts(["53:53/udp", "8000-8010:80", "", { target: "90", published: "91-92" }, ":70", null, "81:82"]),
  ).toEqual([
    { target: 80, published: 0, host_ip: "0.0.0.0" },
    { target: 90, published: 0, host_ip: "0.0.0.0" },
    { target: 70, published: 0, host_ip: "0.0.0.0" },
    { target: 82, published: 81, host_ip: "0.0.0.0" },
  ]);
  expect(attachedPorts("8080")).toEqual([]);
});
