import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { compileCache } from "../compile-cache.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { fromThrown, type Reply, type Request, type WorkerSpec } from "./worker-protocol.ts";

/** In the packaged app this is a separate bundle. */
const WORKER_FILE = join(import.meta.dirname, "worker.ts");
/** Calls that may wait for an answer; bounds a caller in a loop. */
const CALLS_LIMIT = 4_096;

type MethodsOf<Served> = {
  [Name in keyof Served]: Served[Name] extends (...args: never[]) => unknown ? Name : never;
}[keyof Served];
type ArgumentsOf<Method> = Method extends (...args: infer Arguments) => unknown ? Arguments : never;
type AnswerOf<Method> = Method extends (...args: never[]) => infer Answer ? Awaited<Answer> : never;

interface Call {
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
  end: () => void;
}

/**
 * Calls the methods of an object in a worker thread. A signal among the arguments cancels the call. An idle worker does not
 * keep the process running.
 */
export class WorkerClient<Served> {
  readonly #worker: Worker;
  readonly #calls = new Map<number, Call>();
  readonly #exited: Promise<void>;
  #lastId = 0;
  #closing: Promise<void> | undefined;
  #gone: LabError | undefined;

  constructor(spec: WorkerSpec) {
    const env = { ...compileCache(), ...process.env };
    // Without the arguments of this process, such as a script.
    this.#worker = new Worker(WORKER_FILE, { workerData: spec, name: `history ${spec.role}`, execArgv: [], env });
    this.#worker.unref();
    this.#worker.on("message", (reply: Reply) => this.#take(reply));
    this.#worker.on("error", (error) => this.#fail(`it failed: ${messageOf(error)}`));
    this.#exited = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        this.#fail("it has ended");
        resolve();
      });
    });
  }

  /** Rejects with the method's error, with the signal's reason when cancelled, or with `busy` when too many calls wait. */
  call<Name extends MethodsOf<Served>>(
    name: Name,
    ...args: ArgumentsOf<Served[Name]>
  ): Promise<AnswerOf<Served[Name]>> {
    return this.#call(String(name), args) as Promise<AnswerOf<Served[Name]>>;
  }

  /** Ends calls in progress with an error; unfinished removals continue at the next start. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const closed = this.#call("close", []);
    this.#gone ??= new LabError("busy", "the lab is ending");
    await closed.catch(() => {});
    this.#worker.ref();
    await this.#exited;
  }

  async #call(name: string, args: readonly unknown[]): Promise<unknown> {
    if (this.#gone !== undefined) throw this.#gone;
    if (this.#calls.size >= CALLS_LIMIT) {
      throw new LabError("busy", `${CALLS_LIMIT} requests wait for the run history`, { hint: "try again in a moment" });
    }
    const signal = args.find((each) => each instanceof AbortSignal);
    signal?.throwIfAborted();
    const id = ++this.#lastId;
    const cancel = () => this.#post({ cancel: id });
    signal?.addEventListener("abort", cancel, { once: true });
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const end = () => signal?.removeEventListener("abort", cancel);
    this.#calls.set(id, { resolve, reject: (error) => reject(signal?.aborted ? signal.reason : error), end });
    if (this.#calls.size === 1) this.#worker.ref();
    this.#post({ id, name, args: signal === undefined ? args : args.filter((each) => each !== signal) });
    return promise;
  }

  #post(request: Request): void {
    this.#worker.postMessage(request);
  }

  #take(reply: Reply): void {
    const call = this.#calls.get(reply.id);
    this.#calls.delete(reply.id);
    if (this.#calls.size === 0) this.#worker.unref();
    call?.end();
    if ("error" in reply) call?.reject(fromThrown(reply.error));
    else call?.resolve(reply.value);
  }

  #fail(why: string): void {
    this.#gone ??= new LabError("internal", `the thread of the run history has failed: ${why}`, {
      hint: "start the lab again",
    });
    for (const { reject, end } of this.#calls.values()) {
      end();
      reject(this.#gone);
    }
    this.#calls.clear();
  }
}
