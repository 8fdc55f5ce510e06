/** A link's live byte counts, from the sockets' own counters, without cost in the data path. */
import type { Socket } from "node:net";
import type { Connection } from "./connection.ts";

export interface ByteCounts {
  /** Read from the client, towards the upstream. */
  fromClient: number;
  toServer: number;
  fromServer: number;
  toClient: number;
}

export class Traffic {
  readonly #gone: ByteCounts = { fromClient: 0, toServer: 0, fromServer: 0, toClient: 0 };

  /** Adds the final counts of a closed connection. */
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
