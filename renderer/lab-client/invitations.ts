import { INVITATION_CHANNEL } from "../../electron/contract/window.ts";
import { orAbort } from "./abort.ts";

/** Messages between windows of one browser and origin, port included; no other page receives them. */
type Message = { ask: string } | { ask: string; key: string };

/** An open window answers within milliseconds; a frozen one does not answer. */
const ANSWER_LIMIT_MS = 3_000;

/** A key from another open window of the lab in this browser; undefined when none answers. */
export async function askForInvitation(signal: AbortSignal): Promise<string | undefined> {
  const channel = new BroadcastChannel(INVITATION_CHANNEL);
  const ask = crypto.randomUUID();
  const { promise, resolve } = Promise.withResolvers<string>();
  channel.addEventListener("message", ({ data }: MessageEvent<Message>) => {
    if (data.ask === ask && "key" in data) resolve(data.key);
  });
  channel.postMessage({ ask } satisfies Message);
  const limit = AbortSignal.timeout(ANSWER_LIMIT_MS);
  try {
    return await orAbort(promise, AbortSignal.any([signal, limit]));
  } catch (error) {
    if (!limit.aborted) throw error;
    return undefined;
  } finally {
    channel.close();
  }
}

/** Answers requests of other windows with a key from `invite`; ignores them when that fails. The returned function ends it. */
export function answerInvitations(invite: () => Promise<string | undefined>): () => void {
  const channel = new BroadcastChannel(INVITATION_CHANNEL);
  channel.addEventListener("message", async ({ data }: MessageEvent<Message>) => {
    if ("key" in data) return;
    // Another window may answer; without any answer the asking window shows the next step.
    const key = await invite().catch(() => undefined);
    if (key !== undefined) channel.postMessage({ ask: data.ask, key } satisfies Message);
  });
  return () => channel.close();
}
