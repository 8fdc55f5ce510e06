import { expect, test } from "vitest";
import { layOutMap, NODE_HEIGHT, NODE_WIDTH } from "./map-layout.ts";

const services = [
  { name: "audit-db", role: "audit-log" },
  { name: "fault-proxy", role: "fault-proxy" },
  { name: "payments-mcp", role: "mcp-server" },
  { name: "mock-slack", role: "approval-channel" },
  { name: "gateway", role: "gateway" },
  { name: "agent", role: "agent" },
];
const links = [
  { name: "agent->gateway", from: "agent", to: "gateway" },
  { name: "gateway->mock-slack", from: "gateway", to: "mock-slack" },
  { name: "mock-slack->gateway", from: "mock-slack", to: "gateway" },
  { name: "gateway->gone", from: "gateway", to: "gone" },
];

test.each([
  services,
  services.slice(0, 1),
  [...services, ...services.map((each) => ({ ...each, name: `${each.name}-2` }))],
])("no two services cover each other and all are on the map", (...stack) => {
  const map = layOutMap(stack, links);
  expect(map.services).toHaveLength(stack.length);
  for (const [place, a] of map.services.entries()) {
    expect(a.x).toBeGreaterThanOrEqual(0);
    expect(a.y).toBeGreaterThanOrEqual(0);
    expect(a.x + NODE_WIDTH).toBeLessThanOrEqual(map.width);
    expect(a.y + NODE_HEIGHT).toBeLessThanOrEqual(map.height);
    for (const b of map.services.slice(place + 1)) {
      expect(Math.abs(a.x - b.x) >= NODE_WIDTH || Math.abs(a.y - b.y) >= NODE_HEIGHT).toBe(true);
    }
  }
});

test("callers stand left of what they call", () => {
  const place = (name: string) => layOutMap(services, links).services.find((each) => each.name === name)?.x ?? 0;
  expect(place("agent")).toBeLessThan(place("gateway"));
  expect(place("gateway")).toBeLessThan(place("mock-slack"));
});

test("links in both directions are two lines, and one to a service that is not there is none", () => {
  const { links: lines } = layOutMap(services, links);
  expect(lines.map(({ name }) => name)).toEqual(["agent->gateway", "gateway->mock-slack", "mock-slack->gateway"]);
  expect(new Set(lines.map(({ y }) => y)).size).toBe(3);
});
