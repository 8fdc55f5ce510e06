/** Permitted listen addresses: only loopback, unless the proxy's own environment allows more. */
import { BlockList, isIP } from "node:net";
import { type Address, AddressError, formatAddress, parseAddress } from "../address.ts";

/** The listener could not be opened. The message is Go's. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

/** Parses the address. Throws ListenError. */
export function parseListen(listen: string): Address {
  try {
    const { host, port } = parseAddress(listen);
    return { host: host?.toLowerCase() === "localhost" ? loopback : host, port };
  } catch (error) {
    throw new ListenError(`listen tcp: ${error instanceof AddressError ? error.message : String(error)}`);
  }
}

/**
 * The address stored for a link. If only loopback is allowed, an address without a host (every interface, in Toxiproxy)
 * becomes 127.0.0.1, and any other is refused, also host names, since their addresses may change. Throws ListenError.
 */
export function allowedListen(listen: string, beyondLoopback: boolean): string {
  const { host, port } = parseListen(listen);
  if (beyondLoopback) return listen;
  if (host === undefined) return formatAddress({ host: loopback, port });
  if (isLoopback(host)) return listen;
  throw new ListenError(
    `listen tcp ${listen}: bind: permission denied: this proxy listens on loopback alone. Use ${loopback}:${port}, or set LISTEN_BEYOND_LOOPBACK=yes in the proxy's environment`,
  );
}

const loopback = "127.0.0.1";
const loopbacks = new BlockList();
loopbacks.addSubnet("127.0.0.0", 8, "ipv4");
loopbacks.addAddress("::1", "ipv6");

function isLoopback(host: string): boolean {
  const version = isIP(host);
  return version !== 0 && loopbacks.check(host, version === 4 ? "ipv4" : "ipv6");
}
