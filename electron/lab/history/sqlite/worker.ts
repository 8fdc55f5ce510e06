/**
 * A worker thread of the run history: one `writer` and one `reader`, so that neither waits for the other, and the engine's
 * thread for none. Requests are started in the order in which they arrive.
 */
import { parentPort, workerData } from "node:worker_threads";
import { LabError } from "../../lab-error.ts";
import { explainDatabaseError } from "./database.ts";
import { HISTORY_NAME } from "./migrations.ts";
import type { SqliteReader } from "./reader.ts";
import { type Reply, type Request, toThrown, type WorkerSpec } from "./worker-protocol.ts";
import type { SqliteWriter } from "./writer.ts";

type Method = (...args: unknown[]) => unknown;

const port = parentPort as NonNullable<typeof parentPort>;
const { role, file, owner } = workerData as WorkerSpec;
const inProgress = new Map<number, AbortController>();
const served = await open();

port.on("message", (request: Request) => {
  if ("cancel" in request) inProgress.get(request.cancel)?.abort(new LabError("busy", "cancelled"));
  else if (request.name === "close") close(request.id);
  else void answer(request);
});

async function answer({ id, name, args }: Exclude<Request, { cancel: number }>): Promise<void> {
  const abort = new AbortController();
  inProgress.set(id, abort);
  try {
    const target = served();
    const method = (target as unknown as Record<string, Method>)[name];
    reply({ id, value: await method?.call(target, ...args, abort.signal) });
  } catch (error) {
    reply({ id, error: toThrown(explainDatabaseError(error, HISTORY_NAME, file)) });
  } finally {
    inProgress.delete(id);
  }
}

/** Loads the module of the role only. When it cannot be opened, every request is answered with that error. */
async function open(): Promise<() => SqliteWriter | SqliteReader> {
  try {
    const opened = role === "writer" ? await openWriter() : await openReader();
    return () => opened;
  } catch (error) {
    return () => {
      throw error;
    };
  }
}

async function openWriter(): Promise<SqliteWriter> {
  const { SqliteWriter } = await import("./writer.ts");
  return new SqliteWriter(file, owner);
}

async function openReader(): Promise<SqliteReader> {
  const { SqliteReader } = await import("./reader.ts");
  return new SqliteReader(file);
}

function close(id: number): void {
  for (const abort of inProgress.values()) abort.abort(new LabError("busy", "the lab is ending"));
  try {
    served().close();
  } catch {
    // It could not be opened; requests have been answered with that error.
  }
  reply({ id, value: undefined });
  port.close();
}

function reply(message: Reply): void {
  port.postMessage(message);
}
