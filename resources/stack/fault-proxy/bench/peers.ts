/** Starts peers as processes and communicates with them. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";

export type Role = "tcpUpstream" | "barePipe" | "httpUpstream" | "bareHttp" | "faultProxy" | "wireListener";

export interface Peer {
  port: number;
  /** Only for a fault proxy. */
  apiUrl: string;
  watchLoop(): void;
  /** Since `watchLoop`. */
  loopP99Ms(): Promise<number>;
  /** Only for a listener to the exchanges of a fault proxy. */
  counts(): Promise<{ recorded: number; dropped: number }>;
}

export class Peers {
  readonly #children: ChildProcess[] = [];

  async start(role: Role, upstreamPort = 0): Promise<Peer> {
    const child = fork(new URL("./peer.ts", import.meta.url), [role, String(upstreamPort)], { stdio: "inherit" });
    this.#children.push(child);
    const [ready] = (await once(child, "message")) as [{ port: number; apiUrl?: string }];
    return {
      port: ready.port,
      apiUrl: ready.apiUrl ?? "",
      watchLoop: () => void child.send("watchLoop"),
      loopP99Ms: async () => {
        child.send("loopDelay");
        const [message] = (await once(child, "message")) as [{ loopP99Ms: number }];
        return message.loopP99Ms;
      },
      counts: async () => {
        child.send("counts");
        return ((await once(child, "message")) as [{ recorded: number; dropped: number }])[0];
      },
    };
  }

  stop(): void {
    for (const child of this.#children) child.disconnect();
  }
}

/** Arms a toxic on the peer's link; resolves with a function that removes it. */
export async function arm(proxy: Peer, toxic: Record<string, unknown>): Promise<() => Promise<void>> {
  const toxics = `${proxy.apiUrl}/proxies/link/toxics`;
  const reply = await fetch(toxics, { method: "POST", body: JSON.stringify({ name: "bench", ...toxic }) });
  if (reply.status !== 200) throw new Error(`arming failed: ${await reply.text()}`);
  await reply.text();
  return async () => void (await fetch(`${toxics}/bench`, { method: "DELETE" }));
}
