/**
 * How exchanges end under every HTTP fault: the client receives the expected data and the end, and no socket stays open
 * after the fault is undone, whichever side closed first. Sockets are read from the kernel's table.
 */
import { expect, onTestFinished, test } from "vitest";
import { readLink } from "../api/link-body.ts";
import type { Link } from "../links/link.ts";
import { Registry } from "../registry.ts";
import {
  type Framing,
  framings,
  openRawServer,
  type ReadReply,
  readReply,
  replyBody,
  replyParts,
  replyTrailers,
  type SeenRequest,
} from "../testing/http-peers.ts";
import { hasSocketTable, proxySockets } from "../testing/kernel-sockets.ts";
import { RawClient } from "../testing/raw-client.ts";

/** The outcome of a reply: it arrives completely, the proxy answers instead, it is truncated, the connection is reset. */
type Outcome = "passes" | "answered" | "cut" | "reset" | "not HTTP";

interface Kind {
  type: string;
  outcome: Outcome;
  attributes?: Record<string, unknown>;
  /** Holds the request or the reply: until the toxic is removed if the case removes it, else briefly. */
  holds?: "for a time" | "until removed";
  method?: "GET" | "POST";
}

const kinds: readonly Kind[] = [
  { type: "http_status", outcome: "answered", attributes: { status: 503 } },
  { type: "mcp_error", outcome: "answered" },
  { type: "session_lost", outcome: "answered", attributes: { sessions: "any" } },
  { type: "get_stream_refused", outcome: "answered", method: "GET" },
  { type: "http_delay", outcome: "passes", attributes: { side: "reply" }, holds: "for a time" },
  { type: "http_delay", outcome: "passes", attributes: { side: "request" }, holds: "for a time" },
  { type: "stream_split", outcome: "passes", holds: "for a time" },
  { type: "stream_stalled", outcome: "passes", attributes: { after_events: 1 }, holds: "until removed" },
  { type: "stream_duplicated", outcome: "passes" },
  { type: "event_ids_skipped", outcome: "passes" },
  { type: "session_rotated", outcome: "passes" },
  { type: "tools_changed", outcome: "passes", attributes: { remove: ["b"] } },
  { type: "malformed", outcome: "passes" },
  { type: "malformed", outcome: "not HTTP", attributes: { kind: "http" } },
  { type: "truncated", outcome: "cut", attributes: { bytes: 20 } },
  { type: "stream_cut", outcome: "cut", attributes: { after_events: 1 } },
  { type: "request_lost", outcome: "reset" },
  { type: "reply_lost", outcome: "reset" },
];

interface Case {
  asks: "keep-alive" | "close" | "HTTP/1.0";
  framing: Framing;
  leaves: "neither side" | "the client" | "the client's sending side" | "the server";
  removed: "meanwhile" | "afterwards";
}

function casesOf({ outcome, holds }: Kind): Case[] {
  const cases: Case[] = [];
  for (const asks of ["keep-alive", "close", "HTTP/1.0"] as const) {
    for (const framing of framings) {
      // HTTP/1.0 has no chunks.
      if (asks === "HTTP/1.0" && (framing === "chunked" || framing === "trailers")) continue;
      for (const leaves of ["neither side", "the client", "the client's sending side", "the server"] as const) {
        if (holds !== "until removed") cases.push({ asks, framing, leaves, removed: "afterwards" });
        if (outcome === "passes") cases.push({ asks, framing, leaves, removed: "meanwhile" });
      }
    }
  }
  return cases;
}

/** A separate link for one case, with the fault armed. */
class Trial {
  readonly #kind: Kind;
  readonly #case: Case;
  readonly #link: Link;
  readonly #registry: Registry;
  readonly #parts: [Buffer, Buffer];
  readonly #closes: boolean;
  /** Requests that reached the server. */
  readonly #seen: SeenRequest[] = [];

  constructor(kind: Kind, one: Case, link: Link, registry: Registry) {
    this.#kind = kind;
    this.#case = one;
    this.#link = link;
    this.#registry = registry;
    this.#closes = one.asks !== "keep-alive" || one.framing === "until close";
    this.#parts = replyParts(one.framing, this.#closes);
  }

  get port(): number {
    return Number(this.#link.listen.split(":").at(-1));
  }

  /** The server sends the first half of the reply; `#finishReply` sends the second. */
  takeRequest(seen: SeenRequest): void {
    this.#seen.push(seen);
    seen.write(this.#parts[0]);
  }

  async run(): Promise<void> {
    const { leaves, removed } = this.#case;
    const client = await RawClient.open(this.port);
    if (leaves === "the client's sending side") client.socket.end(this.#request());
    else client.write(this.#request());
    await expect.poll(() => (this.#isHeldBefore ? this.#toxicHits() : this.#seen.length)).toBe(1);
    if (leaves === "the client") client.socket.destroy();
    if (removed === "meanwhile") await this.#removeMeanwhile();
    else if (!this.#isAnsweredBefore) await this.#finishReply();
    if (leaves !== "the client") await this.#expectOutcome(client);
    if (removed === "afterwards") await this.#remove();
    if (leaves === "neither side" && this.#staysOpen) await this.#expectUsable(client);
    client.socket.destroy();
  }

  #request(): string {
    const { asks } = this.#case;
    const body = this.#kind.method === "GET" ? "" : '{"jsonrpc":"2.0","id":1,"method":"tools/list"}';
    return [
      `${this.#kind.method ?? "POST"} /${encodeURIComponent(this.#link.name)} HTTP/1.${asks === "HTTP/1.0" ? 0 : 1}`,
      "Host: localhost",
      "Accept: application/json, text/event-stream",
      "Mcp-Session-Id: s",
      ...(body === "" ? [] : ["Content-Type: application/json", `Content-Length: ${body.length}`]),
      ...(asks === "close" ? ["Connection: close"] : []),
      "",
      body,
    ].join("\r\n");
  }

  /** The request does not reach the server, or not until the toxic is removed. */
  get #isHeldBefore(): boolean {
    const { attributes } = this.#kind;
    return this.#isAnsweredBefore || (attributes?.side === "request" && this.#case.removed === "meanwhile");
  }

  get #isAnsweredBefore(): boolean {
    return this.#kind.outcome === "answered" || this.#kind.type === "request_lost";
  }

  #toxicHits(): number {
    return this.#link.toxics()[0]?.hits ?? 0;
  }

  get #serverEnds(): boolean {
    return this.#closes || this.#case.leaves === "the server" || this.#case.leaves === "the client's sending side";
  }

  async #finishReply(): Promise<void> {
    await expect.poll(() => this.#seen.length).toBe(1);
    this.#seen[0]?.finish(this.#parts[1], this.#serverEnds);
  }

  async #removeMeanwhile(): Promise<void> {
    const { holds } = this.#kind;
    if (this.#isHeldBefore) {
      await this.#remove();
      await this.#finishReply();
      return;
    }
    // A held reply is sent completely, with its end; of a passing one only half is sent.
    const [first, second] = this.#parts;
    if (holds) await this.#finishReply();
    await expect
      .poll(() => this.#readFromServer(first.length + (holds ? second.length : 0), holds !== undefined))
      .toBe(true);
    await this.#remove();
    if (!holds) await this.#finishReply();
  }

  /** Whether the proxy has read this much of the server's reply, and its end if expected; or closed the connection. */
  #readFromServer(bytes: number, withEnd: boolean): boolean {
    const [connection] = this.#link.connections();
    if (!connection) return this.#case.leaves === "the client";
    const { server } = connection;
    const isGone = this.#case.leaves === "the client" && server.destroyed;
    return isGone || (server.bytesRead >= bytes && (!withEnd || !this.#serverEnds || server.readableEnded));
  }

  async #remove(): Promise<void> {
    await this.#registry.removeToxic(this.#link.name, "fault");
  }

  get #staysOpen(): boolean {
    const { asks, framing } = this.#case;
    if (this.#kind.outcome === "answered") return asks === "keep-alive";
    return this.#kind.outcome === "passes" && asks === "keep-alive" && framing !== "until close";
  }

  get #endComes(): boolean {
    const { asks, leaves } = this.#case;
    if (this.#kind.outcome === "answered") return asks !== "keep-alive" || leaves === "the client's sending side";
    return this.#kind.outcome === "cut" || this.#serverEnds;
  }

  async #expectOutcome(client: RawClient): Promise<void> {
    if (this.#kind.outcome === "reset") {
      await expect.poll(() => client.socket.closed).toBe(true);
      expect([client.error?.code, client.text]).toEqual(["ECONNRESET", ""]);
      return;
    }
    if (this.#endComes) await expect.poll(() => client.hasEnded || client.error !== undefined).toBe(true);
    else await expect.poll(() => this.#hasOutcome(client)).toBe(true);
    expect([client.error, client.hasEnded]).toEqual([undefined, this.#endComes]);
    this.#expectReply(await readReply(client.received, client.hasEnded), client.received);
  }

  async #hasOutcome(client: RawClient): Promise<boolean> {
    const { isComplete, error } = await readReply(client.received, false);
    return this.#kind.outcome === "not HTTP" ? error?.startsWith("HPE_") === true : isComplete;
  }

  #expectReply(reply: ReadReply, bytes: Buffer): void {
    const { outcome, type } = this.#kind;
    const { asks, framing } = this.#case;
    const isUntilClose = framing === "until close";
    if (outcome === "not HTTP") {
      expect(reply.error).toMatch(/^HPE_/);
    } else if (outcome === "answered") {
      expect(reply).toMatchObject({
        isComplete: true,
        headers: { connection: asks === "keep-alive" ? "keep-alive" : "close" },
      });
    } else if (outcome === "cut") {
      expect(reply.body.length).toBeLessThan(replyBody.length);
      expect(reply.isComplete).toBe(isUntilClose);
    } else {
      expect(reply).toMatchObject({ status: 200, isComplete: true });
      expect(reply.trailers).toEqual(framing === "trailers" ? replyTrailers : {});
      if (type === "http_delay") expect(bytes.equals(Buffer.concat(this.#parts))).toBe(true);
      else if (this.#kind.holds) expect(reply.body).toBe(replyBody);
    }
  }

  /** The same connection without the fault: the server's bytes arrive unchanged. */
  async #expectUsable(client: RawClient): Promise<void> {
    const before = client.received.length;
    this.#seen.length = 0;
    client.write(this.#request());
    await this.#finishReply();
    const wanted = Buffer.concat(this.#parts);
    await expect.poll(() => client.received.subarray(before).toString()).toBe(wanted.toString());
  }
}

test.each(kinds)("$type $attributes: every end is passed on and nothing stays open", async (kind) => {
  const registry = new Registry(1);
  onTestFinished(() => registry.close());
  const trials = new Map<string, Trial>();
  const upstreamPort = await openRawServer((seen) => {
    const name = decodeURIComponent(/ \/(\S+) HTTP/.exec(seen.text)?.[1] ?? "");
    trials.get(name)?.takeRequest(seen);
  });
  const failures: string[] = [];
  for (const one of casesOf(kind)) {
    const name = `${one.asks}, ${one.framing}, ${one.leaves} leaves, removed ${one.removed}`;
    const delay = one.removed === "meanwhile" ? 60_000 : 5;
    const attributes = { ...(kind.holds === "for a time" && { delay }), ...kind.attributes };
    const toxics = [{ name: "fault", type: kind.type, attributes }];
    const upstream = `127.0.0.1:${upstreamPort}`;
    const link = await registry.createLink(readLink({ name, listen: "127.0.0.1:0", upstream, toxics }));
    trials.set(name, new Trial(kind, one, link, registry));
  }
  const ports = [...trials.values()].map(({ port }) => port);
  const before = hasSocketTable && proxySockets(ports, upstreamPort);
  await Promise.all(
    [...trials].map(([name, trial]) => trial.run().catch((error: Error) => failures.push(`${name}: ${error.message}`))),
  );
  expect(failures).toEqual([]);
  const open = () => registry.links().flatMap((link) => (link.connections().size > 0 ? [link.name] : []));
  await expect.poll(open).toEqual([]);
  expect(registry.held.total).toBe(0);
  if (!hasSocketTable) return;
  expect(before).toEqual({ listeners: trials.size, toClients: 0, toUpstream: 0 });
  await expect.poll(() => proxySockets(ports, upstreamPort)).toEqual(before);
  await registry.close();
  expect(proxySockets(ports, upstreamPort)).toEqual({ listeners: 0, toClients: 0, toUpstream: 0 });
});
