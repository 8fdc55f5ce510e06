/** Layout of services and links on the map. Deterministic for a stack. */

export interface MapService {
  name: string;
  role: string;
}
export interface MapLink {
  name: string;
  from: string;
  to: string;
}

export interface PlacedService {
  name: string;
  x: number;
  y: number;
}
export interface PlacedLink {
  name: string;
  path: string;
  /** Middle of the line, for its marker. */
  x: number;
  y: number;
  /** Between services above each other, so that there is room beside it alone. */
  isUpright: boolean;
}

export const NODE_WIDTH = 122;
export const NODE_HEIGHT = 46;
const COLUMN_GAP = 40;
const ROW_GAP = 20;
const MARGIN = 4;
/** Distance between the ends of links at one side of a service. */
const END_GAP = 11;
/** Offset of a line's turn from the line above it, as a share of their distance. */
const TURN = 0.6;

/** Callers are left of their callees. */
const COLUMN_BY_ROLE: Record<string, number> = {
  agent: 0,
  gateway: 1,
  "fault-proxy": 1,
  "mcp-server": 2,
  "approval-channel": 2,
  "audit-log": 2,
  other: 2,
};

export function layOutMap(services: readonly MapService[], links: readonly MapLink[]) {
  const columns: string[][] = [[], [], []];
  const outside = callersOutside(services, links);
  for (const name of outside) columns[0]?.push(name);
  for (const { name, role } of services) columns[COLUMN_BY_ROLE[role] ?? 2]?.push(name);
  const used = columns.filter((column) => column.length > 0);
  const rows = Math.max(1, ...used.map((column) => column.length));
  const height = rows * NODE_HEIGHT + (rows - 1) * ROW_GAP + MARGIN * 2;
  const gap = used.length < 3 ? COLUMN_GAP * 3 : COLUMN_GAP;
  const width = Math.max(1, used.length) * NODE_WIDTH + Math.max(0, used.length - 1) * gap + MARGIN * 2;
  const placed = new Map<string, PlacedService>();
  const isLinked = (name: string) => links.some(({ from, to }) => from === name || to === name);
  for (const [column, names] of used.entries()) {
    const x = MARGIN + column * (NODE_WIDTH + gap);
    for (const { name, y } of stackUp(names, isLinked, height)) placed.set(name, { name, x, y });
  }
  const drawn = links.flatMap(({ name, from, to }) => {
    const ends = [placed.get(from), placed.get(to)];
    return ends[0] === undefined || ends[1] === undefined ? [] : [{ name, from: ends[0], to: ends[1] }];
  });
  const lines = drawn.map((link) => ({ name: link.name, ...line(link, drawn) }));
  const isOutside = ({ name }: PlacedService) => outside.includes(name);
  const nodes = [...placed.values()];
  return {
    width,
    height,
    services: nodes.filter((node) => !isOutside(node)),
    outside: nodes.filter(isOutside),
    links: lines,
  };
}

/** Those who call a service over a link and are none of the stack's services themselves. */
function callersOutside(services: readonly MapService[], links: readonly MapLink[]): string[] {
  const names = new Set(services.map(({ name }) => name));
  return [...new Set(links.filter(({ from, to }) => names.has(to) && !names.has(from)).map(({ from }) => from))];
}

/** Services with links are centred, so that the links are straight; others are at the bottom. */
function stackUp(names: readonly string[], isLinked: (name: string) => boolean, height: number) {
  const centred = names.filter(isLinked);
  const aside = names.filter((name) => !isLinked(name));
  const sizeOf = (count: number) => count * NODE_HEIGHT + Math.max(0, count - 1) * ROW_GAP;
  const hasRoom = (height - sizeOf(centred.length)) / 2 >= sizeOf(aside.length) + ROW_GAP / 2;
  const middle = hasRoom ? centred : [...centred, ...aside];
  const top = (height - sizeOf(middle.length)) / 2;
  const foot = height - MARGIN - sizeOf(aside.length);
  return [
    ...middle.map((name, row) => ({ name, y: top + row * (NODE_HEIGHT + ROW_GAP) })),
    ...(hasRoom ? aside.map((name, row) => ({ name, y: foot + row * (NODE_HEIGHT + ROW_GAP) })) : []),
  ];
}

interface DrawnLink {
  name: string;
  from: PlacedService;
  to: PlacedService;
}

function line(link: DrawnLink, all: readonly DrawnLink[]): Omit<PlacedLink, "name"> {
  const { from, to } = link;
  const [fromShift, toShift] = [shiftOf(link, from, all), shiftOf(link, to, all)];
  if (from.x === to.x) return straight(link, fromShift);
  const isForward = to.x > from.x;
  const fromX = isForward ? from.x + NODE_WIDTH : from.x;
  const toX = isForward ? to.x - 2 : to.x + NODE_WIDTH + 2;
  const fromY = from.y + NODE_HEIGHT / 2 + fromShift;
  const toY = to.y + NODE_HEIGHT / 2 + toShift;
  // Lines in the same direction neither cross nor come too close to each other.
  const shift = isForward ? fromShift : toShift;
  const turn = (fromX + toX) / 2 - shift * TURN * Math.sign(isForward ? toY - fromY : fromY - toY);
  const path = `M${fromX} ${fromY} C${turn} ${fromY} ${turn} ${toY} ${toX} ${toY}`;
  return { path, x: (fromX + toX) / 2, y: (fromY + toY) / 2, isUpright: false };
}

function straight({ from, to }: DrawnLink, shift: number): Omit<PlacedLink, "name"> {
  const x = from.x + NODE_WIDTH / 2 + shift;
  const [fromY, toY] = to.y > from.y ? [from.y + NODE_HEIGHT, to.y - 2] : [from.y, to.y + NODE_HEIGHT + 2];
  return { path: `M${x} ${fromY} L${x} ${toY}`, x, y: (fromY + toY) / 2, isUpright: true };
}

/** Offset of a link's end from the middle of its side: ends do not overlap, and are ordered by their other ends. */
function shiftOf(link: DrawnLink, service: PlacedService, all: readonly DrawnLink[]): number {
  const otherEnd = ({ from, to }: DrawnLink) => (from === service ? to : from);
  const isBeside = (other: DrawnLink) =>
    (other.from === service || other.to === service) &&
    Math.sign(otherEnd(other).x - service.x) === Math.sign(otherEnd(link).x - service.x);
  const beside = all.filter(isBeside).sort((a, b) => otherEnd(a).y - otherEnd(b).y || (a.name < b.name ? -1 : 1));
  return (beside.indexOf(link) - (beside.length - 1) / 2) * Math.min(END_GAP, NODE_HEIGHT / beside.length);
}
