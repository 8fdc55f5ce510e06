import { describe, expect, it } from "vitest";
import { signBody } from "../testing/slack.ts";
import { checkSlackSignature } from "./slack-signature.ts";

function check(change: { body?: string; secret?: string; skew?: number; signature?: string; timestamp?: string } = {}) {
  const signed = signBody("payload=x", "secret", change.skew);
  const request = {
    timestamp: change.timestamp ?? signed.headers["x-slack-request-timestamp"],
    signature: change.signature ?? signed.headers["x-slack-signature"],
    rawBody: Buffer.from(change.body ?? signed.body),
  };
  return checkSlackSignature(request, change.secret ?? "secret", Date.now());
}

describe("checkSlackSignature", () => {
  it("agrees with the example in Slack's documentation", () => {
    const rawBody = Buffer.from(
      "token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c",
    );
    const signature = "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503";
    const request = { timestamp: "1531420618", signature, rawBody };
    const secret = "8f742231b10e8888abcd99yyyzzz85a5";
    expect(checkSlackSignature(request, secret, 1_531_420_618_000)).toBe("valid");
    expect(checkSlackSignature(request, secret, 1_531_420_618_000 + 301_000)).toBe("stale");
  });

  it.each([
    [{}, "valid"],
    [{ skew: -290 }, "valid"],
    [{ skew: 290 }, "valid"],
    [{ skew: -310 }, "stale"],
    [{ skew: 310 }, "stale"],
    [{ secret: "other" }, "wrong"],
    [{ body: "payload=y" }, "wrong"],
    [{ signature: "v0=" }, "wrong"],
    [{ signature: "" }, "missing"],
    [{ timestamp: "" }, "missing"],
    [{ timestamp: "soon" }, "wrong"],
  ])("%j is %s", (change, expected) => {
    expect(check(change)).toBe(expected);
  });
});
