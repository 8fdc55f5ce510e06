/** A fault's effect on a reply's body, per unit: an event of a stream, a whole short JSON body, or a piece. */
import type { Framing } from "../parsing/body-reader.ts";
import type { ReplyHead } from "../parsing/message-head.ts";
import type { RequestInfo } from "../parsing/request-info.ts";
import type { Toxic } from "../toxics/toxic.ts";

/** The output of a fault for each unit. */
export interface ReplyOutput {
  emit(payload: Buffer): void;
  wait(ms: number): void;
  stall(): void;
  /** Closes the connection within the reply. Nothing more is sent. */
  cut(): void;
  /** Records that the fault had an effect. */
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
  /** False: the body's length may differ from the declared one. */
  readonly keepsLength: boolean;
  /** A body that is not a stream must be buffered completely. */
  readonly needsWhole: boolean;
  /** True if the reply would be invalid when the fault stopped within it because its toxic is removed. */
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
