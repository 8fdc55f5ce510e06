/** The stage for `noop`, and for connections that a toxic's toxicity excludes. */
import { Stage } from "./stage.ts";

export class PassStage extends Stage {
  override write(chunk: Buffer): void {
    this.next.write(chunk);
  }
}
