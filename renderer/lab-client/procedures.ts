import { createORPCClient } from "@orpc/client";
import type { LabProcedures } from "../../electron/contract/contract.ts";
import { orAbort } from "./abort.ts";
import { limitOf } from "./call-limits.ts";
import type { Connection } from "./connection.ts";
import { fromAnswer, LabFailure } from "./lab-failure.ts";
import { Refused } from "./transport.ts";

/**
 * The contract's procedures over whatever link is open. Each has a time limit and fails with a LabFailure only. A call
 * waits for a link that is being opened, but one that was under way when its link was lost is not made again: nobody
 * knows whether the lab did it. Of one that was never sent it is known, and said.
 */
export function procedures(connection: Connection): LabProcedures {
  return createORPCClient<LabProcedures>({
    async call(path, input, options) {
      const limit = AbortSignal.timeout(limitOf(path));
      const signal = options.signal === undefined ? limit : AbortSignal.any([options.signal, limit]);
      let isSent = false;
      try {
        const open = await connection.link(signal);
        isSent = true;
        const answer = open.link.call(path, input, { ...options, signal });
        return await orAbort(answer, AbortSignal.any([signal, open.gone]));
      } catch (error) {
        throw explain(error, { path, limit, own: options.signal, isSent });
      }
    },
  });
}

const NOT_SENT_MESSAGE = "there is no connection to the lab, so it was not asked, and nothing was done";
const NOT_SENT_HINT = "see whether the lab is still running, then try again";
const LOST_MESSAGE = "the connection to the lab was lost before it answered";

interface Call {
  path: readonly string[];
  limit: AbortSignal;
  own: AbortSignal | undefined;
  /** Handed to a link: the lab may have had it. */
  isSent: boolean;
}

function explain(error: unknown, { path, limit, own, isSent }: Call): unknown {
  if (own?.aborted) return own.reason;
  const answer = fromAnswer(error);
  if (answer !== undefined) return answer;
  if (error instanceof Refused) return new LabFailure("disconnected", error.message, { hint: error.hint });
  if (!isSent) return new LabFailure("disconnected", NOT_SENT_MESSAGE, { hint: NOT_SENT_HINT, cause: error });
  if (limit.aborted) {
    return new LabFailure("timeout", `the lab has not answered ${path.join(".")} within ${limitOf(path) / 1000} s`, {
      hint: "see whether it is still running; what it was asked to do may yet be done",
      cause: error,
    });
  }
  return new LabFailure("disconnected", LOST_MESSAGE, { cause: error });
}
