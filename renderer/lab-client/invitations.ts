import { INVITATION_CHANNEL } from "../../electron/contract/window.ts";
import { orAbort } from "./abort.ts";

/** What windows of one browser and one origin, port included, say to each other; no other page hears it. */
type Said = { ask: string } | { ask: string; key: string };

/** An open window answers in some milliseconds; one that the browser has frozen does not. */
const ANSWER_LIMIT_MS = 3_000;

/** A key from another window of the lab that is open in this browser; undefined when none answers. */
export async function askForInvitation(signal: AbortSignal): Promise<string | undefined> {
  const channel = new BroadcastChannel(INVITATION_CHANNEL);
  const ask = crypto.randomUUID();
  const { promise, resolve } = Promise.withResolvers<string>();
  channel.addEventListener("message", ({ data }: MessageEvent<Said>) => {
    if (data.ask === ask && "key" in data) resolve(data.key);
  });
  channel.postMessage({ ask } satisfies Said);
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

/** Answers windows that ask with what `invite` has from the lab; not at all when that fails. Ends when called. */
export function answerInvitations(invite: () => Promise<string | undefined>): () => void {
  const channel = new BroadcastChannel(INVITATION_CHANNEL);
  channel.addEventListener("message", async ({ data }: MessageEvent<Said>) => {
    if ("key" in data) return;
    // Another window may answer, and who asks is told what to do when none does.
    const key = await invite().catch(() => undefined);
    if (key !== undefined) channel.postMessage({ ask: data.ask, key } satisfies Said);
  });
  return () => channel.close();
}
