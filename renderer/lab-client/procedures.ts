import { createORPCClient } from "@orpc/client";
import type { LabProcedures } from "../../electron/contract/contract.ts";
import { orAbort } from "./abort.ts";
import { limitOf } from "./call-limits.ts";
import type { Connection } from "./connection.ts";
import { fromAnswer, LabFailure } from "./lab-failure.ts";
import { Refused } from "./transport.ts";

/**
 * The contract's procedures over the open link. Each has a time limit and fails with a LabFailure only. A call waits for a
 * link that is being opened, but one in progress when its link was lost is not repeated: it is unknown whether the lab
 * executed it. A call that was never sent reports that.
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

const NOT_SENT_MESSAGE = "not connected to the lab: the request was not sent, and nothing was done";
const NOT_SENT_HINT = "check that the lab is running, then try again";
const LOST_MESSAGE = "the connection to the lab was lost before it answered";

interface Call {
  path: readonly string[];
  limit: AbortSignal;
  own: AbortSignal | undefined;
  /** Passed to a link: the lab may have received it. */
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
      hint: "check that it is still running; the request may still be executed",
      cause: error,
    });
  }
  return new LabFailure("disconnected", LOST_MESSAGE, { cause: error });
}
