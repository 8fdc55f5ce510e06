/** What `noop` does, and what any toxic does to a connection that its toxicity spares. */
import { Stage } from "./stage.ts";

export class PassStage extends Stage {
  override write(chunk: Buffer): void {
    this.next.write(chunk);
  }
}
