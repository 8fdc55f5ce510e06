/** The backend's capabilities: its initialize result, and all pages of its tools. */
import { isObject } from "../../http/json.ts";
import type { Tool } from "./conflicts/conflict-strategy.ts";
import type { InitializeResult, Upstream } from "./upstream.ts";
import { UpstreamFailure } from "./upstream-failure.ts";

export interface Listing {
  about: InitializeResult;
  tools: readonly Tool[];
}

const pagesLimit = 100;

/** Rejects with UpstreamFailure. `deadlineMs`: for all of it. */
export async function listTools(upstream: Upstream, deadlineMs: number): Promise<Listing> {
  const endsAt = performance.now() + deadlineMs;
  const about = await upstream.about(deadlineMs);
  const tools: Tool[] = [];
  if (!about.capabilities.tools) return { about, tools };
  let cursor: unknown;
  for (let page = 0; page < pagesLimit; page += 1) {
    const params = cursor === undefined ? {} : { cursor };
    const remainingMs = Math.max(1, Math.round(endsAt - performance.now()));
    const { result, errorMessage } = await upstream.request("tools/list", params, { deadlineMs: remainingMs });
    if (!Array.isArray(result?.tools)) {
      throw new UpstreamFailure("malformed", `malformed reply to tools/list: ${errorMessage ?? "it lists no tools"}`);
    }
    tools.push(...result.tools.filter(isTool));
    cursor = result.nextCursor;
    if (typeof cursor !== "string") return { about, tools };
  }
  throw new UpstreamFailure("malformed", `malformed reply to tools/list: more than ${pagesLimit} pages`);
}

function isTool(value: unknown): value is Tool {
  return isObject(value) && typeof value.name === "string" && value.name !== "";
}
