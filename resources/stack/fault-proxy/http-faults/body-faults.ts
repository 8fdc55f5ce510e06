/** Faults for any reply's body. */
import { PassingFault } from "./reply-fault.ts";

/** The body stops before its declared end, and the connection is closed. */
export class Truncated extends PassingFault {
  #left = 0;
  #isCut = false;

  override begin(): void {
    const { toxic, framing } = this.context;
    const asked = toxic.number("bytes");
    const most = framing.kind === "length" ? framing.bytes - 1 : Number.MAX_SAFE_INTEGER;
    const fallback = framing.kind === "length" ? Math.floor(framing.bytes / 2) : 16;
    this.#left = Math.min(most, asked === -1 ? fallback : asked);
  }

  override unit(payload: Buffer): void {
    if (this.#isCut) return;
    const kept = payload.subarray(0, this.#left);
    this.#left -= kept.length;
    if (kept.length > 0) this.context.output.emit(kept);
    if (kept.length < payload.length) this.#cut();
  }

  /** A body without a declared length is cut before its terminator, however short it is. */
  override finish(): void {
    this.#cut();
  }

  #cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.context.output.hit("reply truncated");
    this.context.output.cut();
  }
}

/** Replaces the body with one that is not JSON. */
export class MalformedBody extends PassingFault {
  #isSent = false;

  override get keepsLength(): boolean {
    return false;
  }

  override get mustFinish(): boolean {
    return this.#isSent;
  }

  override editHead(): void {
    this.context.head.delete("content-encoding");
  }

  override unit(): void {
    if (this.#isSent) return;
    this.#isSent = true;
    const broken = '{"jsonrpc":"2.0","result":{"content":[{"type":"text",';
    const { head, output } = this.context;
    output.hit("body replaced by broken JSON");
    output.emit(Buffer.from(head.isEventStream ? `event: message\ndata: ${broken}\n\n` : broken));
  }
}

/** Replaces the head with one that is not HTTP. */
export class MalformedHead extends PassingFault {
  override editHead(): void {
    this.context.head.startLine = "HTTP/1.1 malformed";
    this.context.output.hit("status line broken");
  }
}

/** Pauses inside a multi-byte character, or in the middle of the unit if it contains none. */
export class StreamSplit extends PassingFault {
  override unit(payload: Buffer): void {
    const { output, toxic } = this.context;
    if (payload.length < 2) {
      output.emit(payload);
      return;
    }
    const lead = payload.findIndex((byte) => byte >= 0xc2 && byte <= 0xf4);
    const isInside = lead !== -1 && lead < payload.length - 1;
    const cut = isInside ? lead + 1 : Math.floor(payload.length / 2);
    output.hit(isInside ? `split inside a character, at byte ${cut}` : `split at byte ${cut}`);
    output.emit(payload.subarray(0, cut));
    output.wait(toxic.number("delay"));
    output.emit(payload.subarray(cut));
  }
}
