/** Bytes of a link, live: the sockets count anyway, so that counting costs the data path nothing. */
import type { Socket } from "node:net";
import type { Connection } from "./connection.ts";

export interface ByteCounts {
  /** Read from the client, on its way upstream. */
  fromClient: number;
  toServer: number;
  fromServer: number;
  toClient: number;
}

export class Traffic {
  readonly #gone: ByteCounts = { fromClient: 0, toServer: 0, fromServer: 0, toClient: 0 };

  /** Keeps the counts of a connection that is over. */
  add(client: Socket, server: Socket): void {
    addSockets(this.#gone, client, server);
  }

  total(live: Iterable<Connection>): ByteCounts {
    const counts = { ...this.#gone };
    for (const { client, server } of live) addSockets(counts, client, server);
    return counts;
  }
}

function addSockets(counts: ByteCounts, client: Socket, server: Socket): void {
  counts.fromClient += client.bytesRead;
  counts.toServer += server.bytesWritten;
  counts.fromServer += server.bytesRead;
  counts.toClient += client.bytesWritten;
}
