/** The handshake on a connection that carries messages both ways. */
import { isObject } from "../../http/json.ts";
import { latestVersion, supportedVersion } from "../protocol/versions.ts";
import type { PendingRequests } from "./pending-requests.ts";
import type { InitializeResult } from "./upstream.ts";
import { UpstreamFailure } from "./upstream-failure.ts";
import type { UpstreamReply } from "./upstream-reply.ts";

export const initializeParams = {
  protocolVersion: latestVersion,
  capabilities: {},
  clientInfo: { name: "resilience-lab-gateway", version: "0.1.0" },
};

/** Rejects with UpstreamFailure. */
export async function initialize(requests: PendingRequests, deadlineMs: number): Promise<InitializeResult> {
  const about = initializeResultOf(await requests.request("initialize", initializeParams, { deadlineMs }));
  requests.notify("notifications/initialized");
  return about;
}

/** @throws UpstreamFailure */
export function initializeResultOf({ result, errorMessage }: UpstreamReply): InitializeResult {
  if (!result) throw new UpstreamFailure("malformed", `it refuses to initialize: ${errorMessage}`);
  const protocolVersion = supportedVersion(result.protocolVersion);
  if (!protocolVersion) {
    const problem = `it speaks protocol ${String(result.protocolVersion)}, which is unsupported`;
    throw new UpstreamFailure("malformed", problem);
  }
  const { capabilities, instructions } = result;
  return {
    protocolVersion,
    capabilities: isObject(capabilities) ? capabilities : {},
    instructions: typeof instructions === "string" ? instructions : undefined,
  };
}
