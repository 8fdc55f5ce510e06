/** The response to a request that failed at the backend. */
import { UpstreamFailure } from "../backends/upstream-failure.ts";
import { errorCodes, errorText, type RequestId } from "../protocol/messages.ts";

/** Errors other than UpstreamFailure are rethrown. */
export async function forwardFailure(
  error: unknown,
  id: RequestId,
  backend: string,
  note: (reason: string) => Promise<void> | void,
): Promise<string> {
  if (!(error instanceof UpstreamFailure)) throw error;
  const reason = error.message;
  await note(`${backend}: ${reason}`);
  const message = `upstream error: ${backend}: ${reason}`;
  const { retryAfterMs } = error;
  const data = { decision: "upstream_error", reason, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) };
  return errorText(id, errorCodes.internal, message, data);
}
