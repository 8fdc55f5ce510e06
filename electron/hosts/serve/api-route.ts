import type { IncomingMessage, ServerResponse } from "node:http";
import type { z } from "zod";
import type { QueueStore } from "../../lab/history/queue-store.ts";
import type { RunStore } from "../../lab/history/run-store.ts";

/** Where submitted runs are kept. */
export interface ApiStorage {
  queue: QueueStore;
  history: RunStore;
  /** Calls the listener when either may have changed. @returns ends it; undefined where the database does not tell */
  onChange: (listener: () => void) => (() => void) | undefined;
}

export interface ApiRequest {
  request: IncomingMessage;
  response: ServerResponse;
  /** Of the path. */
  id: string;
  query: URLSearchParams;
  /** @throws ApiError 503 without storage */
  storage: () => ApiStorage;
  /** Undefined with `--storage none`. */
  optionalStorage: ApiStorage | undefined;
  /** Runs were submitted. */
  wake: () => void;
}

/** The answer of a route: JSON in the envelope, or undefined when the route has answered by itself. */
export type ApiAnswer = { status?: number; data: unknown } | undefined;

/** One entry both serves a route and documents it. */
export interface ApiRoute {
  method: "GET" | "POST";
  /** With `{id}` for the one parameter. */
  path: string;
  summary: string;
  /** Of a JSON body, for the document. */
  body?: z.ZodType;
  /** Of a multipart body, for the document: its schema. */
  form?: object;
  /** What it answers when it is no JSON. */
  produces?: "text/event-stream" | "application/zip";
  /** Query parameters, for the document. */
  query?: Readonly<Record<string, string>>;
  /** Statuses besides 401 and 403, for the document. */
  statuses: Readonly<Record<number, string>>;
  handle(given: ApiRequest): Promise<ApiAnswer>;
}
