import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createParser, type EventSourceMessage } from "eventsource-parser";
import { afterAll, beforeAll, expect } from "vitest";
import { StrayErrors } from "../../../lab/stray-errors.ts";
import { lastingFolder } from "../../../testing/lasting-folder.ts";
import { writeSmallStack } from "../../../testing/small-stack.ts";
import { serve } from "../serve.ts";

const TRACES = join(import.meta.dirname, "../../../lab/evaluation/testing/traces");
/** Of the recorded traces of the tests of evaluations. */
export const readTrace = (name: string): string => readFileSync(join(TRACES, name), "utf8");

const TOKEN = "a-token-of-the-test";

export interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an outside client knows no types
  body: any;
}

/** A client of a server of its own, with the server's token. */
export async function startServer(keepsRuns: boolean) {
  const folder = lastingFolder();
  const stop = new AbortController();
  const listening = Promise.withResolvers<string>();
  const serving = serve(
    {
      environment: { ...process.env, RESILIENCE_LAB_HOME: join(folder, "home") },
      host: "127.0.0.1",
      port: 0,
      token: TOKEN,
      keepsRuns,
      worker: {
        strays: new StrayErrors(),
        concurrency: 1,
        labels: [],
        stacks: new Map([["small", writeSmallStack(folder)]]),
        times: { leaseMs: 30_000, heartbeatMs: 100, pollMs: 50 },
        write: () => {},
        onFailure: () => {},
      },
      onListening: listening.resolve,
    },
    stop.signal,
  );
  serving.catch(listening.reject);
  const address = await listening.promise;
  const request = (path: string, init: RequestInit = {}) =>
    fetch(`${address}${path}`, { ...init, headers: { authorization: `Bearer ${TOKEN}`, ...init.headers } });
  const answerTo = async (path: string, init: RequestInit): Promise<Answer> => {
    const response = await request(path, init);
    return { status: response.status, body: await response.json() };
  };
  return {
    folder,
    address,
    request,
    get: (path: string) => answerTo(path, {}),
    post(path: string, body?: unknown) {
      const json = { body: JSON.stringify(body), headers: { "content-type": "application/json" } };
      return answerTo(path, { method: "POST", ...(body === undefined ? {} : json) });
    },
    async close() {
      stop.abort(new Error("the test has ended"));
      await serving;
    },
  };
}

type Server = Awaited<ReturnType<typeof startServer>>;

/** One server for all tests of a file, with a worker that has a stack called small. */
export function onServer() {
  let server: Server;
  beforeAll(async () => {
    server = await startServer(true);
  });
  afterAll(() => server.close());
  const get: Server["get"] = (path) => server.get(path);
  return {
    folder: () => server.folder,
    address: () => server.address,
    request: ((path, init) => server.request(path, init)) as Server["request"],
    get,
    post: ((path, body) => server.post(path, body)) as Server["post"],
    /** The run once it has ended. */
    async ended(id: string) {
      await expect
        .poll(async () => (await get(`/api/runs/${id}`)).body.data.status)
        .toMatch(/succeeded|failed|cancelled/);
      return (await get(`/api/runs/${id}`)).body.data;
    },
  };
}

/** Reads a stream of events until the function returns true, or it ends. */
export async function readEvents(response: Response, isEnough: (event: EventSourceMessage) => boolean = () => false) {
  const events: EventSourceMessage[] = [];
  let isOver = false;
  const parser = createParser({
    onEvent: (event) => {
      if (isOver) return;
      events.push(event);
      isOver = isEnough(event);
    },
  });
  const decoder = new TextDecoder();
  for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
    parser.feed(decoder.decode(chunk, { stream: true }));
    if (isOver) break;
  }
  return events;
}
