import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { LabEvent } from "../../model/lab-event.ts";
import { decided, eventAt } from "../../testing/sample-events.ts";
import { Redactor } from "./redactor.ts";

/** A reference to a variable in a compose file. */
const variable = (name: string) => `\${${name}}`;

/** A text, and the part of it that must be redacted. */
const SECRETS: [text: string, secret: string, kind: string][] = [
  ["Authorization: Bearer abc.def-123", "abc.def-123", "authorization-header"],
  ["authorization=Basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy", "authorization-header"],
  ['{"headers":{"Authorization":"Bearer s3cr3tvalue"}}', "s3cr3tvalue", "named-secret"],
  ["sent bearer eyJhbGciOi.J9abcd.sig", "eyJhbGciOi", "bearer-token"],
  ["curl -u basic dXNlcjpodW50ZXIy", "dXNlcjpodW50ZXIy", "basic-authorization"],
  ["Cookie: session=abc123; theme=dark", "abc123", "cookie"],
  ["token is xoxb-1234-5678-abcdef!", "xoxb-1234-5678-abcdef", "slack-token"],
  ["xapp-1-A0-123-abc", "xapp-1-A0-123-abc", "slack-token"],
  ["https://hooks.slack.com/services/T0/B0/abcdef", "T0/B0/abcdef", "webhook-address"],
  ["postgres://lab:hunter2@localhost:5432/audit", "hunter2", "password-in-address"],
  ["postgres://lab:p@ss@word@localhost/audit", "ss@word", "password-in-address"],
  [`X-Slack-Signature: v0=${"ab".repeat(32)}`, "abab", "webhook-signature"],
  ["SLACK_SIGNING_SECRET=shh-very-secret", "shh-very-secret", "named-secret"],
  ['{"api_key": "k-123", "n": 1}', "k-123", "named-secret"],
  ['request {\\"password\\":\\"hunter2\\"} refused', "hunter2", "named-secret"],
  ["password: 'two words'", "two words", "named-secret"],
  ["GET /x?access_token=abc123&y=1", "abc123", "named-secret"],
  ["run --api-key abc123 --fast", "abc123", "named-secret"],
  ["key sk_live_abcdefgh12345678", "sk_live_abcdefgh12345678", "stripe-key"],
  [`ghp_${"a1".repeat(18)}`, "a1a1a1", "github-token"],
  ["AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", "aws-access-key-id"],
  ["eyJhbGciOiJI.eyJzdWIi.sig_nature", "eyJzdWIi", "json-web-token"],
  ["-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----", "MIIB", "private-key"],
  ["paid with 4242 4242 4242 4242.", "4242 4242", "card-number"],
  ["paid with 378282246310005", "378282246310005", "card-number"],
  ["card-5555-5555-5555-4444", "5555-4444", "card-number"],
];

describe("redacts", () => {
  test.each(SECRETS)("%s", (text, secret, kind) => {
    const redacted = new Redactor().text(text);
    expect(redacted).not.toContain(secret);
    expect(redacted).toContain(`[redacted: ${kind} 1]`);
  });

  test.each(SECRETS)("%s, also from a log line, an argument and an output", (text, secret) => {
    const redactor = new Redactor();
    const spelled = JSON.stringify(secret).slice(1, -1);
    const bodies = [
      { type: "service.log", service: "gateway", stream: "stdout", line: text } as const,
      decided({ arguments: { deep: [{ note: text }] }, reason: text }),
      { type: "step.ended", step: "step-1", outcome: "ok", output: { body: text } } as const,
    ];
    for (const body of bodies) expect(redactor.event(eventAt(1, body)).line).not.toContain(spelled);
  });

  test.each(SECRETS)("%s, and leaves redacted text unchanged", (text) => {
    const once = new Redactor().text(text);
    expect(new Redactor().text(once)).toBe(once);
  });

  test("any value with a secret's name, at any depth, and leaves the rest", () => {
    const value = {
      user: "ann",
      db: { Password: "x", pin: 1, nested: { clientSecret: ["a", { b: 5 }] } },
      headers: [{ name: "X-Api-Key", value: "k" }],
      card: 4242424242424242,
      refreshToken: null,
      hasToken: true,
    };
    expect(new Redactor().value(value)).toEqual({
      user: "ann",
      db: {
        Password: "[redacted: named-secret 1]",
        pin: 1,
        nested: { clientSecret: ["[redacted: named-secret 2]", { b: "[redacted: named-secret 3]" }] },
      },
      headers: [{ name: "X-Api-Key", value: "[redacted: named-secret 4]" }],
      card: "[redacted: card-number 1]",
      refreshToken: null,
      hasToken: true,
    });
  });

  test("a private key that is printed line by line, and nothing after it", () => {
    const redactor = new Redactor();
    const lines = [
      "-----BEGIN PRIVATE KEY-----",
      "MIIEvQIBADANBg",
      "kqhkiG9w0BAQEF",
      "-----END PRIVATE KEY-----",
      "ready",
    ];
    const shown = lines.map((line, index) => {
      const event = eventAt(index + 1, { type: "service.log", service: "gateway", stream: "stderr", line });
      return (redactor.event(event).event as Extract<LabEvent, { type: "service.log" }>).line;
    });
    expect(shown.slice(0, 4)).toEqual([1, 2, 3, 4].map((number) => `[redacted: private-key ${number}]`));
    expect(shown[4]).toBe("ready");
  });
});

describe("leaves unchanged", () => {
  test.each([
    "list_recent_charges allow",
    "max_tokens: 100",
    "tokens=250",
    `token: ${variable("SLACK_BOT_TOKEN")}`,
    "password:",
    "http://127.0.0.1:18080/mcp",
    "https://example.com/a@b",
    "1700000000010",
    "0.4242424242424242",
    "4242424242424241",
    "79e8f70f-4242-4242-8242-424242424242",
    "a basic setup for the bearer",
    "v0=abc",
    "{}",
  ])("%s", (text) => expect(new Redactor().text(text)).toBe(text));

  test("an event without secrets, as the same object", () => {
    const event = eventAt(1, decided({ arguments: { charge_id: "ch_1" } }));
    expect(new Redactor().event(event).event).toBe(event);
  });

  test("identifiers that link events, even if they look like a card's number", () => {
    const event = eventAt(1, decided({ spanId: "4242424242424242", reason: "token=abc" }));
    const { event: redacted } = new Redactor().event(event);
    expect(redacted).toMatchObject({
      spanId: "4242424242424242",
      reason: "token=[redacted: named-secret 1]",
      runId: "run-1",
      seq: 1,
    });
  });
});

describe("a stack file", () => {
  const source = [
    "services: # the stack",
    "  slack:",
    "    environment:",
    `      SLACK_SIGNING_SECRET: ${variable("SECRET:-demo-signing-value")}`,
    "      KEPT: plain",
    `      API_TOKEN: ${variable("API_TOKEN")}`,
    "      PRIVATE_KEY: |",
    "        line-one-of-it",
    "        line-two-of-it",
    "    command: [run, --password, hunter2-and-more]",
    "    secrets: {a: 'first-of-two', b: [second-of-2]}",
    "",
  ].join("\n");

  test("keeps its comments and its layout, loses its secrets and stays valid YAML", () => {
    const redacted = new Redactor().yaml(source);
    expect(redacted).toContain("# the stack");
    for (const secret of ["demo-signing", "line-one", "line-two", "first-of", "second-of"]) {
      expect(redacted).not.toContain(secret);
    }
    expect(parse(redacted).services.slack.environment).toEqual({
      SLACK_SIGNING_SECRET: "[redacted: named-secret 1]",
      KEPT: "plain",
      API_TOKEN: variable("API_TOKEN"),
      PRIVATE_KEY: "[redacted: named-secret 2]",
    });
  });

  test("teaches its secrets: they are found in any text", () => {
    const redactor = new Redactor();
    redactor.yaml(source);
    const line = "compared with demo-signing-value and plain";
    const { event } = redactor.event(eventAt(1, { type: "service.log", service: "slack", stream: "stdout", line }));
    expect(event).toMatchObject({ line: "compared with [redacted: stack-secret 1] and plain" });
  });

  test("that is not YAML is redacted as text", () => {
    expect(new Redactor().yaml("a: [\npassword: hunter2\n")).toBe("a: [\npassword: [redacted: named-secret 1]\n");
  });
});

test("the unsearched rest of a text that is too long is dropped", () => {
  const secret = "ann@example.com";
  const text = "word ".repeat(250_000) + secret;
  const event = eventAt(1, { type: "warning", code: "x", message: text });
  const once = new Redactor().event(event).event as Extract<LabEvent, { type: "warning" }>;
  expect(once.message).not.toContain(secret);
  expect(once.message).toMatch(/ \[cut: \d+ characters were not searched for secrets\]$/);
  expect(new Redactor().event(once).event).toEqual(once);
});

/** Beginnings of each form of secret, repeated without an end. */
const HOSTILE = [
  ...["a.", "token", "token=", "://", "a@", "a.b@c.d.", "4 ", "+1 22 33 ", "DE12 3456 ", "aB3/", "password is ", "eyJ"],
  ...["-----BEGIN PRIVATE KEY", "-----BEGIN PRIVATE KEY-----", "authorization: ", "cookie:", 'token:"', 'token:\\"'],
  ...["sk-", "A1", "sl.", "MTaaaaaaaaaaaaaaaaaaaaaaa.", "secret_", "--", "v0=", "{"],
];

test.each(HOSTILE)("a text of only %j takes time that is linear in its length", (unit) => {
  const cpuMs = (length: number) => {
    const text = `password is ${unit.repeat(length / unit.length)}`;
    // The minimum of a few runs, since the machine may be busy.
    const times = Array.from({ length: 4 }, () => {
      const before = process.cpuUsage();
      new Redactor().text(text);
      const { user, system } = process.cpuUsage(before);
      return (user + system) / 1_000;
    });
    return Math.min(...times);
  };
  // Sixteen times the text: 16 times the time if linear, 256 times if quadratic.
  expect(cpuMs(160_000)).toBeLessThan(80 * Math.max(cpuMs(10_000), 1));
});
