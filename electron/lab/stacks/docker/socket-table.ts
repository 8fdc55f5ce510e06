/** A TCP socket of a network namespace, as `/proc/net/tcp` and `/proc/net/tcp6` list it (proc(5)). */
export interface TcpSocket {
  is: "listening" | "connected";
  local: { host: string; port: number };
  remote: { host: string; port: number };
  /** The user whose process made it. */
  user: number;
}

/** Of ESTABLISHED, FIN_WAIT1, FIN_WAIT2, TIME_WAIT, CLOSE_WAIT, LAST_ACK and CLOSING: all of them were connected. */
const CONNECTED = new Set(["01", "04", "05", "06", "08", "09", "0B"]);
const LISTENING = "0A";

/** Lines that are none are left out, as is a last one that was cut. */
export function parseSocketTable(text: string): TcpSocket[] {
  return text.split("\n").flatMap((line): TcpSocket[] => {
    const [, local, remote, state = "", , , , user] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || user === undefined) return [];
    const is = state === LISTENING ? "listening" : CONNECTED.has(state) ? "connected" : undefined;
    const [from, to] = [addressOf(local), addressOf(remote)];
    if (is === undefined || from === undefined || to === undefined) return [];
    return [{ is, local: from, remote: to, user: Number(user) }];
  });
}

/**
 * Which of a namespace's tables, `tcp` and `tcp6`, have sockets to be read, by its `/proc/net/sockstat` and `sockstat6`.
 * @param hasResolver the engine's resolver listens in it: it does in every network that a person has made
 */
export function tablesWithSockets(sockstat: string, sockstat6: string, hasResolver: boolean): ("tcp" | "tcp6")[] {
  const [, inUse, waiting] = /^TCP: inuse (\d+) .*\btw (\d+)/m.exec(sockstat) ?? [];
  const [, inUse6] = /^TCP6: inuse (\d+)/m.exec(sockstat6) ?? [];
  // Those in TIME_WAIT are counted once for both tables.
  if (inUse === undefined || Number(waiting) > 0) return ["tcp", "tcp6"];
  const ofResolver = hasResolver ? 1 : 0;
  return [...(Number(inUse) > ofResolver ? ["tcp" as const] : []), ...(Number(inUse6) > 0 ? ["tcp6" as const] : [])];
}

/** `0100007F:1F90`: words of four bytes as a little-endian machine stores them, and the port as it is written. */
function addressOf(text: string): TcpSocket["local"] | undefined {
  const [, hex, port] = /^((?:[0-9A-F]{8}){1,4}):([0-9A-F]{4})$/.exec(text) ?? [];
  if (hex === undefined || port === undefined) return undefined;
  const words = hex.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => [6, 4, 2, 0].map((at) => Number.parseInt(word.slice(at, at + 2), 16)));
  return { host: bytes.length === 4 ? bytes.join(".") : hostOfIPv6(bytes), port: Number.parseInt(port, 16) };
}

/** An IPv4 address within IPv6 is written as what it is; any other in full, without leading zeros. */
function hostOfIPv6(bytes: readonly number[]): string {
  const isMapped = bytes.slice(0, 10).every((byte) => byte === 0) && bytes[10] === 255 && bytes[11] === 255;
  if (isMapped) return bytes.slice(12).join(".");
  const groups = Array.from({ length: 8 }, (_, at) => ((bytes[2 * at] ?? 0) << 8) | (bytes[2 * at + 1] ?? 0));
  return groups.map((group) => group.toString(16)).join(":");
}
