/** Faults of any reply's body. */
import { PassingFault } from "./reply-fault.ts";

/** The body stops before the end that was promised, and the connection with it. */
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

  /** A body without a declared length is cut before its end is said, however short it is. */
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

/** A body that is no JSON in the place of the one that was sent. */
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

/** A head that is no HTTP. */
export class MalformedHead extends PassingFault {
  override editHead(): void {
    this.context.head.startLine = "HTTP/1.1 malformed";
    this.context.output.hit("status line broken");
  }
}

/** Pauses inside a character of several bytes, or in the middle of the unit where there is none. */
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
