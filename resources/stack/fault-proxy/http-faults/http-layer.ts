/**
 * Reads the HTTP of one connection while an HTTP-aware toxic is armed on its link, one exchange at a time: a request
 * that follows before the reply of the one before is whole waits here, which HTTP allows and hardly a client does.
 *
 * A connection that is older than the toxic is read from its next request boundary. While nothing was parsed, that
 * boundary can only be told from outside, by two signs together: the upstream was the last to send (or nobody has sent
 * yet), because a client sends its next request after the reply to the last; and the client's chunk begins with an HTTP
 * method. A chunk of a request body that happens to look like a request line is not taken for one, since the
 * upstream has not spoken since the body began. Nor is a stream that was open before: its connection carries no further
 * request. If the guess proves wrong, which the first line shows, all bytes pass as they came and the connection is
 * left alone from then on. The same becomes of anything else that is not HTTP/1.x (Postgres, TLS, WebSockets after
 * their upgrade).
 *
 * The end of one side reaches the other after everything that came before it and is held back here, whatever holds it.
 * When the last such toxic is removed, the layer leaves after the exchange under way.
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
  /** What the client sent beyond the request under way. */
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
        // What opens with something else never becomes HTTP.
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
      // What no request asked for, a 408 for instance, is passed on as it is.
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

  /** Does what has become possible: leaving, and passing on that the client has ended. */
  #advance(): void {
    if (this.#hasLeft || this.#isPumping || this.#pending.length > 0) return;
    // A request that stops in the middle is for the upstream to judge.
    if (this.#hasClientEnded && this.#exchange?.isUndecided) this.#giveUp();
    else if (!this.#isArmed && !this.#exchange) this.#leave(false);
    else if (this.#hasClientEnded && (!this.#exchange || this.#exchange.isRequestSettled)) this.#host.endServer();
  }

  /** Not HTTP as we read it: everything passes as it came, from here on. Where that is no longer possible, it is cut. */
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
    // An exchange that is through passes it on by itself.
    if (this.#hasServerEnded && this.#exchange) this.#host.endClient();
  }
}
