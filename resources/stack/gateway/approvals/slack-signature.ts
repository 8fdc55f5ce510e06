/** Slack's request signing, version 0: https://docs.slack.dev/authentication/verifying-requests-from-slack */
import { createHmac, timingSafeEqual } from "node:crypto";

const windowSeconds = 300;

export type SignatureCheck = "valid" | "missing" | "stale" | "wrong";

export interface SignedRequest {
  timestamp: string | undefined;
  signature: string | undefined;
  rawBody: Buffer;
}

export function checkSlackSignature(request: SignedRequest, secret: string, nowMs: number): SignatureCheck {
  const { timestamp, signature, rawBody } = request;
  if (!timestamp || !signature) return "missing";
  if (!/^\d{1,15}$/.test(timestamp)) return "wrong";
  // Future timestamps are refused too: a signature must not be valid for longer than the window.
  if (Math.abs(nowMs / 1_000 - Number(timestamp)) > windowSeconds) return "stale";
  const expected = Buffer.from(signSlackRequest(timestamp, rawBody, secret));
  const seen = Buffer.from(signature);
  return seen.length === expected.length && timingSafeEqual(seen, expected) ? "valid" : "wrong";
}

function signSlackRequest(timestamp: string, rawBody: Buffer, secret: string): string {
  const digest = createHmac("sha256", secret).update(`v0:${timestamp}:`).update(rawBody).digest("hex");
  return `v0=${digest}`;
}
