/**
 * One client of a link and its upstream connection: two lanes, and between the lanes and the upstream the HTTP layer while
 * an HTTP-aware toxic is armed. The layer is at the upstream's end because its faults simulate the server, and the lanes
 * simulate the network between.
 *
 * Half-close is preserved: the end of one direction is passed on and the other direction continues. A reset of one side
 * resets the other.
 */
import type { Socket } from "node:net";
import { HttpLayer } from "../http-faults/http-layer.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import { mulberry32 } from "../randomness.ts";
import { createStage } from "../stages/create-stage.ts";
import { PassStage } from "../stages/pass.ts";
import type { Stage } from "../stages/stage.ts";
import type { Toxic } from "../toxics/toxic.ts";
import { ConnectionTap } from "../wire/connection-tap.ts";
import { closeCleanly, resetNow } from "./close-socket.ts";
import { Lane } from "./lane.ts";
import type { LinkContext } from "./link-context.ts";
import { RequestSniffer } from "./request-sniffer.ts";

/** TCP keep-alive detects a peer that disappeared without closing; the other side is then closed too. */
const keepAliveMs = 30_000;

export class Connection {
  /** Counted from 1 in the order the link accepted them. */
  readonly number: number;
  readonly client: Socket;
  readonly server: Socket;
  readonly #link: LinkContext;
  readonly #up: Lane;
  readonly #down: Lane;
  readonly #sniffer = new RequestSniffer();
  readonly #tap: ConnectionTap;
  #http: HttpLayer | undefined;
  /** The connection is not parseable as HTTP: it is not parsed any more. */
  #isOpaque = false;
  /** The side that sent last, at the upstream's end. */
  #lastFrom: "client" | "server" | undefined;
  #isClosing = false;
  /** A fault requested to close both sides; data that it passed before is still pending. */
  #closesAtEnd = false;

  constructor(link: LinkContext, number: number, client: Socket, server: Socket) {
    this.number = number;
    this.client = client;
    this.server = server;
    this.#link = link;
    this.#tap = new ConnectionTap(link.wire, link.name, number);
    const connection = this;
    this.#up = new Lane(
      client,
      {
        write: (chunk) => this.#fromClient(chunk),
        end: () => this.#clientEnded(),
        get isFull() {
          return server.writableNeedDrain || connection.#http?.holdsClient === true;
        },
      },
      link.held,
    );
    this.#down = new Lane(
      server,
      {
        write: (chunk) => this.#toClient(chunk),
        end: () => this.#serverFinished(),
        get isFull() {
          return client.writableNeedDrain || connection.#http?.holdsServer === true;
        },
      },
      link.held,
    );
  }

  /** Both sides are connected: data may flow. `closed` is called once both are closed. */
  start(closed: () => void): void {
    const { client, server } = this;
    for (const socket of [client, server]) {
      socket.setNoDelay(true);
      socket.setKeepAlive(true, keepAliveMs);
      socket.on("close", () => this.#sideClosed(socket, closed));
    }
    client.on("error", (error) => {
      if (!this.#isClosing) this.#tap.clientLeft();
      this.#failed(server, error);
    });
    server.on("error", (error) => this.#failed(client, error));
    for (const toxic of this.#link.toxics()) if (!toxic.isHttp) this.#appendStage(toxic);
    if (this.#link.httpToxics().length > 0) this.#http = this.#createLayer();
    client.on("data", (chunk: Buffer) => {
      this.#tap.fromClient(chunk);
      if (this.#up.hasStages || this.#down.hasStages) this.#sniffer.fromClient(chunk);
      this.#up.receive(chunk);
    });
    client.on("end", () => {
      if (this.#isClosing) return;
      this.#tap.clientLeft();
      this.#up.receiveEnd();
    });
    client.on("drain", () => this.#down.settle());
    server.on("data", (chunk: Buffer) => {
      this.#lastFrom = "server";
      this.#sniffer.fromServer();
      if (this.#http) this.#http.fromServer(chunk);
      else this.#down.receive(chunk);
    });
    server.on("end", () => {
      if (this.#isClosing) return;
      if (this.#http) this.#http.serverEnded();
      else this.#down.receiveEnd();
    });
    server.on("drain", () => this.#up.settle());
    client.resume();
    this.#up.settle();
    this.#down.settle();
  }

  toxicAdded(toxic: Toxic): void {
    if (!toxic.isHttp) this.#appendStage(toxic);
    else if (this.#http) this.#http.toxicsChanged();
    else if (!this.#isOpaque) this.#http = this.#createLayer();
  }

  toxicUpdated(toxic: Toxic): void {
    if (toxic.isHttp) {
      this.#http?.toxicsChanged();
      return;
    }
    const lane = this.#laneOf(toxic);
    const stage = lane.stageOf(toxic);
    if (!stage) return;
    // A connection keeps its draw, so a change of toxicity affects it only if it crosses that value.
    const isMet = toxic.meetsConnection(this.number);
    if (toxic.type === "noop" || isMet !== stage instanceof PassStage) {
      stage.changed();
      lane.settle();
    } else {
      lane.remove(stage, this.#createStage(toxic, stage.next));
    }
  }

  toxicRemoved(toxic: Toxic): void {
    if (toxic.isHttp) {
      this.#http?.toxicRemoved(toxic);
      return;
    }
    const lane = this.#laneOf(toxic);
    const stage = lane.stageOf(toxic);
    if (stage) lane.remove(stage);
  }

  /** Ends both sides after pending data has been sent. */
  close(): void {
    if (this.#isClosing) return;
    this.#isClosing = true;
    this.#up.dispose();
    this.#down.dispose();
    closeCleanly(this.client);
    closeCleanly(this.server);
  }

  /** An immediate TCP reset of both sides. */
  reset(): void {
    this.#isClosing = true;
    resetNow(this.client);
    resetNow(this.server);
  }

  /** Destroys both sides, as when a link is disabled. */
  destroy(): void {
    this.client.destroy();
    this.server.destroy();
  }

  hit(toxic: Toxic, effect: string, request?: RequestInfo): void {
    this.#tap.met(toxic.name);
    this.#link.hit(toxic, this.number, effect, request ?? this.#sniffer.info());
  }

  #laneOf(toxic: Toxic): Lane {
    return toxic.direction === "upstream" ? this.#up : this.#down;
  }

  #createStage(toxic: Toxic, next: Stage["next"]): Stage {
    const lane = this.#laneOf(toxic);
    const context = {
      toxic,
      now: () => performance.now(),
      random: mulberry32(toxic.sequenceStart(this.number)),
      hit: (effect: string) => this.hit(toxic, effect),
      passedOn: () => lane.settle(),
      closeAtEnd: () => {
        this.#closesAtEnd = true;
      },
      resetConnection: () => this.reset(),
    };
    return createStage(context, next, toxic.meetsConnection(this.number));
  }

  #appendStage(toxic: Toxic): void {
    const lane = this.#laneOf(toxic);
    lane.append(this.#createStage(toxic, lane.exit));
  }

  #createLayer(): HttpLayer {
    return new HttpLayer({
      link: this.#link,
      connection: this.number,
      lastFrom: () => this.#lastFrom,
      toServer: (chunk) => this.#toServer(chunk),
      endServer: () => void this.server.end(),
      toClient: (chunk) => this.#down.receive(chunk),
      endClient: () => this.#down.receiveEnd(),
      settle: () => {
        this.#up.settle();
        this.#down.settle();
      },
      hit: (toxic, effect, request) => this.hit(toxic, effect, request),
      close: () => this.#closeThroughLane(),
      reset: () => this.reset(),
      leave: (isOpaque) => {
        this.#http = undefined;
        this.#isOpaque ||= isOpaque;
        this.#up.settle();
        this.#down.settle();
      },
    });
  }

  #fromClient(chunk: Buffer): void {
    if (this.#http) this.#http.fromClient(chunk);
    else this.#toServer(chunk);
  }

  #toServer(chunk: Buffer): void {
    this.#lastFrom = "client";
    if (this.server.writable) this.server.write(chunk);
  }

  #toClient(chunk: Buffer): void {
    if (!this.client.writable) return;
    this.client.write(chunk);
    this.#tap.toClient(chunk);
  }

  #clientEnded(): void {
    if (this.#closesAtEnd) this.close();
    else if (this.#http) this.#http.clientEnded();
    else this.server.end();
  }

  #serverFinished(): void {
    if (this.#closesAtEnd) this.close();
    else {
      this.#tap.finished();
      this.client.end();
    }
  }

  /** Data that the HTTP layer sent before closing still passes the lane's toxics. */
  #closeThroughLane(): void {
    this.#closesAtEnd = true;
    this.server.destroy();
    this.#down.receiveEnd();
  }

  #failed(other: Socket, error: NodeJS.ErrnoException): void {
    if (other.destroyed || this.#isClosing) return;
    if (error.code === "ECONNRESET") resetNow(other);
    else other.destroy();
  }

  #sideClosed(socket: Socket, closed: () => void): void {
    const other = socket === this.client ? this.server : this.client;
    const isOver = other.destroyed;
    // Closed without an end: the other side must not wait for a disconnected peer.
    if (!isOver && !socket.readableEnded && !this.#isClosing && !this.#closesAtEnd) other.destroy();
    if (!isOver) return;
    this.#up.dispose();
    this.#down.dispose();
    this.#http?.dispose();
    this.#tap.closed();
    closed();
  }
}
