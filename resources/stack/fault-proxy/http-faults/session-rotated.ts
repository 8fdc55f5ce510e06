/**
 * Tells the client a new session id in the middle of its session. From then on the new id is translated to the one the
 * upstream knows, and the earlier id is refused as a server would refuse it that had rotated. When the toxic is removed
 * the translation goes with it: the upstream answers 404 and the client begins anew, as MCP says.
 */

import { PassingFault, type ReplyContext } from "./reply-fault.ts";
import type { SessionRegistry } from "./session-registry.ts";

export class SessionRotated extends PassingFault {
  readonly #sessions: SessionRegistry;

  constructor(context: ReplyContext, sessions: SessionRegistry) {
    super(context);
    this.#sessions = sessions;
  }

  override editHead(): void {
    const { request, toxic, head, output } = this.context;
    const known = request.sessionId;
    if (known === undefined) return;
    const digits = Math.floor(toxic.drawForRequest("session") * 2 ** 48).toString(16);
    const shown = `rotated-${digits.padStart(12, "0")}-${toxic.matched}`;
    this.#sessions.rotate(this.#sessions.realOf(known), known, shown);
    head.set("Mcp-Session-Id", shown);
    output.hit("session id rotated");
  }
}
