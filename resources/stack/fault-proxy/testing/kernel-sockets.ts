/** TCP sockets according to the kernel, independent of the proxy's own records. */
import { existsSync, readFileSync } from "node:fs";

interface KernelSocket {
  localPort: number;
  remotePort: number;
  isListening: boolean;
}

const table = "/proc/net/tcp";

/** Linux has the table; on other systems only the proxy's own counts are available. */
export const hasSocketTable: boolean = existsSync(table);

const listening = "0A";

/** Sockets that a process has open; those that only the kernel keeps (TIME_WAIT) have no owner. */
function heldSockets(): KernelSocket[] {
  const lines = readFileSync(table, "utf8").trim().split("\n").slice(1);
  return lines.flatMap((line) => {
    const [, local = "", remote = "", state = "", , , , , , inode] = line.trim().split(/\s+/);
    const portOf = (address: string): number => Number.parseInt(address.split(":")[1] ?? "", 16);
    if (inode === "0") return [];
    return [{ localPort: portOf(local), remotePort: portOf(remote), isListening: state === listening }];
  });
}

export interface ProxySockets {
  listeners: number;
  toClients: number;
  toUpstream: number;
}

/** The sockets of a proxy, identified by the ports that only it uses. */
export function proxySockets(linkPorts: readonly number[], upstreamPort: number): ProxySockets {
  const held = heldSockets();
  const atLinks = held.filter(({ localPort }) => linkPorts.includes(localPort));
  return {
    listeners: atLinks.filter(({ isListening }) => isListening).length,
    toClients: atLinks.filter(({ isListening }) => !isListening).length,
    toUpstream: held.filter(({ remotePort }) => remotePort === upstreamPort).length,
  };
}
