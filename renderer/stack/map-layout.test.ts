import { expect, test } from "vitest";
import { layOutMap, NODE_HEIGHT, NODE_WIDTH } from "./map-layout.ts";

const services = [
  { name: "audit-db", role: "audit-log" },
  { name: "fault-proxy", role: "fault-proxy" },
  { name: "payments-mcp", role: "mcp-server" },
  { name: "mock-slack", role: "approval-channel" },
  { name: "support-mcp", role: "mcp-server" },
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
])("services do not overlap and all are on the map", (...stack) => {
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

test("callers are left of their callees", () => {
  const place = (name: string) => layOutMap(services, links).services.find((each) => each.name === name)?.x ?? 0;
  expect(place("agent")).toBeLessThan(place("gateway"));
  expect(place("gateway")).toBeLessThan(place("mock-slack"));
});

test("links in both directions are two lines, and a link to an unknown service is not drawn", () => {
  const { links: lines } = layOutMap(services, links);
  expect(lines.map(({ name }) => name)).toEqual(["agent->gateway", "gateway->mock-slack", "mock-slack->gateway"]);
  expect(new Set(lines.map(({ y }) => y)).size).toBe(3);
});

/** Pointer target width of a line, see stack-map.module.css. */
const REACH = 12;

test("the middle of each link of the reference stack is outside the pointer targets of other links", () => {
  const all = [
    ...links.slice(0, 3),
    ...["audit-db", "payments-mcp", "support-mcp"].map((to) => ({ name: to, from: "gateway", to })),
  ];
  const lines = layOutMap(services, all).links.map(({ path }) => pointsOf(path));
  for (const [index, line] of lines.entries()) {
    const middle = line[POINTS / 2];
    for (const other of lines.filter((_, place) => place !== index)) {
      const distances = other.map((point) => Math.hypot(point.x - (middle?.x ?? 0), point.y - (middle?.y ?? 0)));
      expect(Math.min(...distances)).toBeGreaterThan(REACH / 2);
    }
  }
});

const POINTS = 100;

/** Along a cubic curve, as SVG writes it. */
function pointsOf(path: string): { x: number; y: number }[] {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0, x3 = 0, y3 = 0] = path.match(/-?[\d.]+/g)?.map(Number) ?? [];
  return Array.from({ length: POINTS + 1 }, (_, index) => {
    const t = index / POINTS;
    const weights = [(1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t ** 2 * (1 - t), t ** 3] as const;
    const at = (a: number, b: number, c: number, d: number) =>
      a * weights[0] + b * weights[1] + c * weights[2] + d * weights[3];
    return { x: at(x0, x1, x2, x3), y: at(y0, y1, y2, y3) };
  });
}
