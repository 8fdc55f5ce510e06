/** Slack's request signature: https://docs.slack.dev/authentication/verifying-requests-from-slack */
import { createHmac } from "node:crypto";

/** The value of `X-Slack-Signature`. `timestamp` is in seconds since 1970, as in `X-Slack-Request-Timestamp`. */
export function slackSignature(secret: string, timestamp: string, rawBody: string): string {
  return `v0=${createHmac("sha256", secret).update(`v0:${timestamp}:${rawBody}`).digest("hex")}`;
}
