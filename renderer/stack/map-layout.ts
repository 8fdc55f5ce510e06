/** Where services and links stand on the map. Pure: the same stack is drawn alike every time. */

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
  /** The middle of the line, for its mark. */
  x: number;
  y: number;
}

export const NODE_WIDTH = 122;
export const NODE_HEIGHT = 46;
const COLUMN_GAP = 30;
const ROW_GAP = 20;
const MARGIN = 4;
/** Two links between the same services run side by side. */
const PAIR_OFFSET = 7;

/** Callers stand left of what they call. */
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
  const lines = links.flatMap((link) => {
    const [from, to] = [placed.get(link.from), placed.get(link.to)];
    if (from === undefined || to === undefined) return [];
    const hasPair = links.some((other) => other.from === link.to && other.to === link.from);
    return [{ name: link.name, ...line(from, to, hasPair ? PAIR_OFFSET : 0) }];
  });
  return { width, height, services: [...placed.values()], links: lines };
}

/** Those that have links are centred, so that the links run straight; those without stand at the foot, out of the way. */
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

function line(from: PlacedService, to: PlacedService, offset: number): Omit<PlacedLink, "name"> {
  const isForward = to.x > from.x;
  const isSameColumn = to.x === from.x;
  const shift = isForward ? -offset : offset;
  const fromX = isSameColumn ? from.x + NODE_WIDTH / 2 + shift : isForward ? from.x + NODE_WIDTH : from.x;
  const toX = isSameColumn ? to.x + NODE_WIDTH / 2 + shift : isForward ? to.x - 2 : to.x + NODE_WIDTH + 2;
  const isDown = to.y > from.y;
  const fromY = isSameColumn ? (isDown ? from.y + NODE_HEIGHT : from.y) : from.y + NODE_HEIGHT / 2 + shift;
  const toY = isSameColumn ? (isDown ? to.y - 2 : to.y + NODE_HEIGHT + 2) : to.y + NODE_HEIGHT / 2 + shift;
  const bend = (toX - fromX) / 2;
  const path = isSameColumn
    ? `M${fromX} ${fromY} L${toX} ${toY}`
    : `M${fromX} ${fromY} C${fromX + bend} ${fromY} ${toX - bend} ${toY} ${toX} ${toY}`;
  return { path, x: (fromX + toX) / 2, y: (fromY + toY) / 2 };
}
