import { formatDuration } from "../../model/duration.ts";
import { parseJson } from "../../model/json.ts";
import { isTimeout, within } from "../abort-scope.ts";
import { LabError, messageOf } from "../lab-error.ts";

/** A whole HTTP reply; `body` is undefined when the text is no JSON. */
export interface HttpReply {
  ok: boolean;
  status: number;
  text: string;
  body: unknown;
}

/** Sends a request and reads the whole reply. @throws LabError `unreachable` when it has not arrived within the limit */
export async function exchange(
  url: string,
  init: RequestInit,
  limitMs: number,
  signal: AbortSignal,
): Promise<HttpReply> {
  try {
    return await within(signal, limitMs, async (limit) => {
      const response = await fetch(url, { ...init, signal: limit });
      const text = await response.text();
      return { ok: response.ok, status: response.status, text, body: parseJson(text) };
    });
  } catch (error) {
    signal.throwIfAborted();
    const what = isTimeout(error) ? `no answer within ${formatDuration(limitMs)}` : messageOf(error);
    throw new LabError("unreachable", `${init.method ?? "GET"} ${url}: ${what}`, { cause: error });
  }
}

/** {@link exchange} of a JSON body by POST. */
export function post(
  url: string,
  headers: Record<string, string>,
  body: unknown,
  limitMs: number,
  signal: AbortSignal,
): Promise<HttpReply> {
  return exchange(url, { method: "POST", headers, body: JSON.stringify(body) }, limitMs, signal);
}
