/**
 * Parses the HTTP of one connection while an HTTP-aware toxic is armed on its link, one exchange at a time: a pipelined
 * request waits here until the previous reply is complete.
 *
 * A connection older than the toxic is parsed from its next request boundary. Without earlier parsing, that boundary is
 * inferred from two conditions: the upstream was the last to send (or neither side has sent yet), because a client sends
 * its next request after the previous reply; and the client's chunk starts with an HTTP method. A chunk of a request body
 * that resembles a request line does not qualify, since the upstream has not sent anything since the body started. A
 * stream that was already open is not affected: its connection carries no further request. If the first line shows that
 * the inference was wrong, all bytes pass unchanged and the connection is no longer parsed. The same applies to anything
 * else that is not HTTP/1.x (Postgres, TLS, WebSockets after their upgrade).
 *
 * The end of one side is passed on after all data before it that is held here. When the last such toxic is removed, the
 * layer detaches after the current exchange.
 */
import { limits } from "../limits.ts";
import { BadMessage } from "../parsing/bad-message.ts";
import { looksLikeRequest } from "../parsing/sniff.ts";
import type { Toxic } from "../toxics/toxic.ts";
import { Exchange } from "./exchange.ts";
import type { LayerHost } from "./layer-host.ts";

export class HttpLayer {
  readonly #host: LayerHost;
  #isParsing = false;
  #hasLeft = false;
  #exchange: Exchange | undefined;
  /** Client bytes after the current request. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  #hasClientEnded = false;
  #hasServerEnded = false;
  #isPumping = false;

  constructor(host: LayerHost) {
    this.#host = host;
  }

  get holdsClient(): boolean {
    return this.#pendingBytes > limits.heldPerLaneWhenCrowded || this.#exchange?.holdsClient === true;
  }

  get holdsServer(): boolean {
    return this.#exchange?.holdsServer === true;
  }

  fromClient(chunk: Buffer): void {
    if (this.#hasLeft) return;
    if (!this.#isParsing) {
      this.#isParsing = this.#host.lastFrom() !== "client" && looksLikeRequest(chunk);
      if (!this.#isParsing) {
        // A connection that starts with another protocol never switches to HTTP.
        const isOpening = this.#host.lastFrom() === undefined;
        this.#host.toServer(chunk);
        if (isOpening) this.#leave(true);
        return;
      }
    }
    this.#pending.push(chunk);
    this.#pendingBytes += chunk.length;
    this.#pump();
  }

  clientEnded(): void {
    this.#hasClientEnded = true;
    this.#exchange?.clientEnded();
    this.#advance();
  }

  fromServer(chunk: Buffer): void {
    if (this.#hasLeft) return;
    try {
      const rest = this.#exchange?.expectsReply ? this.#exchange.readServer(chunk) : chunk;
      // A reply without a request, such as a 408, is passed on unchanged.
      if (rest.length > 0) this.#toClient(rest);
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#giveUp();
    }
    this.#host.settle();
  }

  serverEnded(): void {
    this.#hasServerEnded = true;
    if (this.#exchange) this.#exchange.serverEnded(() => this.#host.endClient());
    else this.#host.endClient();
  }

  toxicsChanged(): void {
    this.#advance();
  }

  toxicRemoved(toxic: Toxic): void {
    this.#exchange?.release(toxic);
    this.#advance();
  }

  dispose(): void {
    this.#hasLeft = true;
    this.#exchange?.dispose();
  }

  get #isArmed(): boolean {
    return this.#host.link.httpToxics().length > 0;
  }

  #toClient(bytes: Buffer): void {
    if (this.#exchange) this.#exchange.passOn(bytes);
    else this.#host.toClient(bytes);
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      while (!this.#hasLeft && this.#pending.length > 0 && !this.#exchange?.isRequestDone) this.#readNext();
    } catch (error) {
      if (!(error instanceof BadMessage)) throw error;
      this.#giveUp();
    } finally {
      this.#isPumping = false;
    }
    this.#advance();
  }

  #readNext(): void {
    this.#exchange ??= new Exchange(this.#host, {
      requestSettled: () => this.#advance(),
      done: () => this.#exchangeDone(),
      becameTunnel: () => this.#leave(true),
    });
    const chunk = this.#pending.shift();
    if (!chunk) return;
    this.#pendingBytes -= chunk.length;
    const rest = this.#exchange.readClient(chunk);
    if (rest.length > 0) {
      this.#pending.unshift(rest);
      this.#pendingBytes += rest.length;
    }
    if (this.#hasClientEnded && this.#pending.length === 0) this.#exchange?.clientEnded();
  }

  #exchangeDone(): void {
    this.#exchange = undefined;
    if (this.#isPumping) return;
    this.#pump();
    this.#host.settle();
  }

  /** Detaches, or passes on the client's end, if now possible. */
  #advance(): void {
    if (this.#hasLeft || this.#isPumping || this.#pending.length > 0) return;
    // An incomplete request is passed on for the upstream to handle.
    if (this.#hasClientEnded && this.#exchange?.isUndecided) this.#giveUp();
    else if (!this.#isArmed && !this.#exchange) this.#leave(false);
    else if (this.#hasClientEnded && (!this.#exchange || this.#exchange.isRequestSettled)) this.#host.endServer();
  }

  /** Not parseable as HTTP: from here on everything passes unchanged; if that is not possible, the connection is cut. */
  #giveUp(): void {
    const request = this.#exchange?.unsentRequest() ?? (this.#exchange ? undefined : Buffer.alloc(0));
    const reply = this.#exchange ? this.#exchange.unsentReply() : Buffer.alloc(0);
    if (!request || !reply) {
      this.#hasLeft = true;
      this.#exchange?.closeWhenSent();
      return;
    }
    if (reply.length > 0) this.#host.toClient(reply);
    for (const bytes of [request, ...this.#pending]) if (bytes.length > 0) this.#host.toServer(bytes);
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#leave(true);
  }

  #leave(isOpaque: boolean): void {
    if (this.#hasLeft) return;
    this.#hasLeft = true;
    for (const bytes of this.#pending) this.#host.toServer(bytes);
    this.#pending = [];
    this.#exchange?.dispose();
    this.#host.leave(isOpaque);
    if (this.#hasClientEnded) this.#host.endServer();
    // A completed exchange passes it on itself.
    if (this.#hasServerEnded && this.#exchange) this.#host.endClient();
  }
}
