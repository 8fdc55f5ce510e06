/**
 * A worker thread of the run history: one `writer` and one `reader`, so that neither waits for the other, and the engine's
 * thread for none. Requests are started in the order in which they arrive.
 */
import { parentPort, workerData } from "node:worker_threads";
import { LabError } from "../lab-error.ts";
import type { HistoryReader, HistoryWriter, Served, StoreLocation } from "./history-threads.ts";
import type { SqlQueue } from "./sql-queue.ts";
import { type Reply, type Request, toThrown, type WorkerSpec } from "./worker-protocol.ts";

type Method = (...args: unknown[]) => unknown;

const port = parentPort as NonNullable<typeof parentPort>;
const { role, location, owner } = workerData as WorkerSpec;
const inProgress = new Map<number, AbortController>();
const served = await open();

port.on("message", (request: Request) => {
  if ("cancel" in request) inProgress.get(request.cancel)?.abort(new LabError("busy", "cancelled"));
  else if (request.name === "close") void close(request.id);
  else void answer(request);
});

async function answer({ id, name, args }: Exclude<Request, { cancel: number }>): Promise<void> {
  const abort = new AbortController();
  inProgress.set(id, abort);
  try {
    reply({ id, value: await call(served(), name, [...args, abort.signal]) });
  } catch (error) {
    reply({ id, error: toThrown(error) });
  } finally {
    inProgress.delete(id);
  }
}

async function call({ methods, explain }: Served<object>, name: string, args: readonly unknown[]): Promise<unknown> {
  try {
    return await (methods as Record<string, Method>)[name]?.call(methods, ...args);
  } catch (error) {
    throw explain(error);
  }
}

/** Loads the modules of the store and role only. When it cannot be opened, every request is answered with that error. */
async function open(): Promise<() => Served<HistoryWriter | HistoryReader | SqlQueue>> {
  try {
    const opened = await (location.kind === "sqlite" ? openSqlite(location) : openPostgres(location));
    return () => opened;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function openSqlite({
  file,
}: StoreLocation & { kind: "sqlite" }): Promise<Served<HistoryWriter | HistoryReader | SqlQueue>> {
  const { serveQueue, serveReader, serveWriter } = await import("./sqlite/served.ts");
  if (role === "queue") return serveQueue(file);
  return role === "writer" ? serveWriter(file, owner) : serveReader(file);
}

async function openPostgres(
  at: StoreLocation & { kind: "postgres" },
): Promise<Served<HistoryWriter | HistoryReader | SqlQueue>> {
  const { serveQueue, serveReader, serveWriter } = await import("./postgres/served.ts");
  if (role === "queue") return serveQueue(at);
  return role === "writer" ? serveWriter(at, owner) : serveReader(at);
}

async function close(id: number): Promise<void> {
  for (const abort of inProgress.values()) abort.abort(new LabError("busy", "the lab is ending"));
  try {
    await served().methods.close();
  } catch {
    // It could not be opened; requests have been answered with that error.
  }
  reply({ id, value: undefined });
  port.close();
}

function reply(message: Reply): void {
  port.postMessage(message);
}
