/**
 * `fetch` for MCP over node:http. The built-in one fails when response headers take longer than five minutes, which a call
 * held for approval may, and it pools connections, so a restarted gateway would appear as a reset of an old connection.
 */
import { request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { Readable } from "node:stream";
import type { FetchLike } from "@modelcontextprotocol/sdk/shared/transport.js";
import { headersFor } from "../telemetry/traced-transport.ts";

export interface StreamListener {
  /** The event stream of a POST response has closed, with or without an error. */
  onStreamEnd(): void;
  /** The server answered a GET for a stream with 404, an unknown session: the stream cannot be resumed. */
  onSessionGone(): void;
}

export function nodeHttpFetch({ onStreamEnd, onSessionGone }: StreamListener): FetchLike {
  return (url, init = {}) =>
    new Promise((resolve, reject) => {
      const target = new URL(url);
      const send = target.protocol === "https:" ? requestHttps : requestHttp;
      const request = send(target, {
        method: init.method ?? "GET",
        headers: { ...Object.fromEntries(new Headers(init.headers)), ...headersFor(init.body) },
        agent: false,
        ...(init.signal ? { signal: init.signal } : {}),
      });
      request.on("error", reject);
      request.on("response", (incoming) => {
        const status = incoming.statusCode ?? 0;
        const headers = new Headers();
        for (const [name, value] of Object.entries(incoming.headers)) {
          for (const entry of [value ?? []].flat()) headers.append(name, entry);
        }
        const isEmpty = status === 204 || status === 205 || status === 304;
        if (isEmpty) incoming.resume();
        if (init.method === "GET" && status === 404) onSessionGone();
        if (init.method === "POST" && headers.get("content-type")?.startsWith("text/event-stream")) {
          incoming.once("close", onStreamEnd);
        }
        const body = isEmpty ? null : (Readable.toWeb(incoming) as ReadableStream);
        resolve(new Response(body, { status, statusText: incoming.statusMessage ?? "", headers }));
      });
      request.end(init.body as string | undefined);
    });
}
