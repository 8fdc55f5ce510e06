/**
 * Sends the client a new session id within its session. From then on the new id is translated to the upstream's, and the
 * earlier id is refused as by a server that rotated it. When the toxic is removed the translation ends: the upstream answers
 * 404 and the client opens a new session, as MCP requires.
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
