/**
 * Addresses in Go's format, as in Toxiproxy's API: `host:port`, `:port` (every interface), `[::1]:port`. The error messages
 * are those of Go's net package, which Toxiproxy's clients display.
 */
export interface Address {
  /** Undefined: every interface. */
  host: string | undefined;
  port: number;
}

export class AddressError extends Error {
  override readonly name = "AddressError";
}

/** An empty text means every interface and a free port. Throws AddressError. */
export function parseAddress(text: string): Address {
  if (text === "") return { host: undefined, port: 0 };
  const bracketed = /^\[([^[\]]*)\](?::(.*))?$/.exec(text);
  const colon = text.lastIndexOf(":");
  if (bracketed ? bracketed[2] === undefined : colon === -1) {
    throw new AddressError(`address ${text}: missing port in address`);
  }
  const host = bracketed ? (bracketed[1] ?? "") : text.slice(0, colon);
  if (!bracketed && host.includes(":")) throw new AddressError(`address ${text}: too many colons in address`);
  const portText = bracketed ? (bracketed[2] ?? "") : text.slice(colon + 1);
  if (!/^\d{0,5}$/.test(portText) || Number(portText) > 65_535) {
    throw new AddressError(`address ${portText}: invalid port`);
  }
  return { host: host === "" ? undefined : host, port: Number(portText) };
}

export function formatAddress({ host, port }: Address): string {
  if (host === undefined) return `[::]:${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Whether two texts name the same listening address: `localhost` is 127.0.0.1, no host is every interface. */
export function sameListenAddress(one: string, other: string): boolean {
  return one === other || normalized(one) === normalized(other);
}

function normalized(text: string): string {
  try {
    const { host, port } = parseAddress(text);
    const everywhere = host === undefined || host === "::" || host === "0.0.0.0";
    return formatAddress({ host: everywhere ? undefined : host === "localhost" ? "127.0.0.1" : host, port });
  } catch {
    return text;
  }
}
