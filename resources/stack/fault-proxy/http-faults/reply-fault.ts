/** What a fault does to the body of a reply, unit by unit: an event of a stream, the whole of a short JSON body, or a piece. */
import type { Framing } from "../parsing/body-reader.ts";
import type { ReplyHead } from "../parsing/message-head.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";

/** Where a fault sends on what it made of a unit. */
export interface ReplyOutput {
  emit(payload: Buffer): void;
  wait(ms: number): void;
  stall(): void;
  /** Closes the connection in the middle of the reply. Nothing after it is sent. */
  cut(): void;
  /** Notes that the fault did something. */
  hit(effect: string): void;
}

export interface ReplyContext {
  toxic: Toxic;
  request: RequestInfo;
  head: ReplyHead;
  framing: Framing;
  output: ReplyOutput;
}

export interface ReplyFault {
  /** False: the length that the head declares would no longer be true. */
  readonly keepsLength: boolean;
  /** A body that is no stream is needed whole. */
  readonly needsWhole: boolean;
  /** True where the reply would make no sense if the fault stopped in the middle because its toxic is removed. */
  readonly mustFinish: boolean;
  /** Before the head is sent. */
  editHead(): void;
  /** After the head was sent, before the first unit. */
  begin(): void;
  unit(payload: Buffer): void;
  /** The body ended. */
  finish(): void;
}

export class PassingFault implements ReplyFault {
  readonly context: ReplyContext;

  constructor(context: ReplyContext) {
    this.context = context;
  }

  get keepsLength(): boolean {
    return true;
  }

  get needsWhole(): boolean {
    return false;
  }

  get mustFinish(): boolean {
    return false;
  }

  editHead(): void {}

  begin(): void {}

  unit(payload: Buffer): void {
    this.context.output.emit(payload);
  }

  finish(): void {}
}
