import { LabError, messageOf } from "../../lab-error.ts";
import { USE_FREE_PORTS } from "../ports.ts";

/** The HTTP status that the engine refused a call with, or undefined when it did not answer at all. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null || !("statusCode" in error)) return undefined;
  return typeof error.statusCode === "number" ? error.statusCode : undefined;
}

/** What the engine itself said, without the client's frame around it. */
export function engineWords(error: unknown): string {
  if (typeof error === "object" && error !== null && "json" in error) {
    const { json } = error;
    if (typeof json === "object" && json !== null && "message" in json) return String(json.message).trim();
  }
  return messageOf(error).trim();
}

const CONNECTION_CODES = ["ENOENT", "ECONNREFUSED", "ECONNRESET", "EACCES", "EPERM", "EPIPE", "ETIMEDOUT", "ENOTFOUND"];

/** The system's word for why there is no connection, or undefined when the engine answered as one that works. */
export function connectionFailure(error: unknown): string | undefined {
  // An engine that is being stopped still takes calls, and lets go of what carries them out.
  if (
    statusOf(error) === 500 &&
    /(?:connection|transport) is closing|context canceled|shutting down/.test(engineWords(error))
  ) {
    return "it is being stopped";
  }
  if (statusOf(error) !== undefined || !(error instanceof Error)) return undefined;
  const code = "code" in error ? String(error.code) : "";
  if (CONNECTION_CODES.includes(code)) return code;
  return /socket hang up|aborted/.test(error.message) ? "ECONNRESET" : undefined;
}

/**
 * Does what the engine is asked for. `alreadySo` names the refusals which mean that there was nothing left to do.
 * @throws LabError that says what was wanted and what the engine said to it
 */
export async function ask<Value>(
  what: string,
  call: () => Promise<Value>,
  alreadySo: { status: number; says?: RegExp }[] = [],
): Promise<Value | undefined> {
  try {
    return await call();
  } catch (error) {
    const status = statusOf(error);
    const words = engineWords(error);
    if (alreadySo.some((each) => each.status === status && (each.says?.test(words) ?? true))) return undefined;
    throw explain(what, error);
  }
}

/** An error of the engine or of the way to it, as a person can act on it. */
export function explain(what: string, error: unknown): Error {
  if (error instanceof LabError) return error;
  const failure = connectionFailure(error);
  if (failure !== undefined) {
    return new LabError("unreachable", `${what}: the Docker engine does not answer (${failure})`, {
      hint: "see that Docker runs (`docker info`); what this lab broke is restored at its next start",
    });
  }
  const words = engineWords(error);
  if (/no space left on device/i.test(words)) {
    return new LabError("precondition", `${what}: the engine's disk is full: ${words}`, {
      hint: "free some with `docker system prune`, see `docker system df`",
    });
  }
  const port = /(?:Bind for|listen tcp\d?) \S*?:(\d+)(?: failed)?:.*(?:already (?:allocated|in use))/.exec(words)?.[1];
  if (port !== undefined) {
    return new LabError("port-taken", `${what}: port ${port} is already in use`, {
      hint: {
        terminal: "stop what uses it (`docker ps` shows containers), or run with --ports auto",
        window: USE_FREE_PORTS,
      },
    });
  }
  return new LabError("precondition", `${what}: ${words}`);
}
