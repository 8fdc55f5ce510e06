/** Follows a proxy's exchanges, as the lab does. */
import { expect, onTestFinished } from "vitest";
import type { WireCall } from "../wire/wire-call.ts";
import type { ProxyUnderTest } from "./proxy-under-test.ts";

export interface WireListener {
  /** Lines so far: exchanges, and numbers of dropped ones. */
  lines: (WireCall & { seq: number; dropped?: number })[];
  /** The ended exchanges so far. */
  ended(): WireCall[];
  /** Resolves to the ended exchange that matches, once it is there. */
  waitFor(matches: (call: WireCall) => boolean): Promise<WireCall>;
  stop(): Promise<void>;
}

export async function listenTo({ apiUrl }: ProxyUnderTest, query = ""): Promise<WireListener> {
  const lines: WireListener["lines"] = [];
  const stopped = new AbortController();
  const reply = await fetch(`${apiUrl}/wire/stream${query}`, { signal: stopped.signal });
  const reading = (async () => {
    let rest = "";
    for await (const piece of reply.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const parts = `${rest}${piece}`.split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts.map((line) => JSON.parse(line)));
    }
  })().catch(() => {});
  const stop = async (): Promise<void> => {
    stopped.abort();
    await reading;
  };
  onTestFinished(stop);
  const ended = (): WireCall[] => lines.filter(({ endMs }) => endMs !== undefined);
  const waitFor = async (matches: (call: WireCall) => boolean): Promise<WireCall> => {
    await expect.poll(() => ended().some(matches)).toBe(true);
    return ended().find(matches) as WireCall;
  };
  return { lines, ended, waitFor, stop };
}
