/** The reply templates, which the support team's server keeps. */
import { get, type OutgoingHttpHeaders } from "node:http";
import { isObject, parseJson } from "../http/json.ts";
import { within } from "../http/within.ts";

/** By topic. */
export type Templates = Readonly<Record<string, string>>;

const deadlineMs = 2_000;

/** Rejects with the reason. `traceparent`: of the call that needs them. */
export function readTemplates(url: string, traceparent?: string): Promise<Templates> {
  return within([], deadlineMs, (signal) => ask(url, traceparent === undefined ? {} : { traceparent }, signal));
}

function ask(url: string, headers: OutgoingHttpHeaders, signal: AbortSignal): Promise<Templates> {
  return new Promise((resolve, reject) => {
    const request = get(url, { headers, agent: false, signal }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("error", reject);
      response.on("end", () => {
        const body = parseJson(text);
        if (response.statusCode === 200 && isObject(body)) resolve(body as Templates);
        else reject(new Error(`HTTP ${response.statusCode}`));
      });
    });
    request.on("error", reject);
  });
}
