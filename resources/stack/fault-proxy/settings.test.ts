import { expect, test } from "vitest";
import { readSettings } from "./settings.ts";

test("defaults", () => {
  const settings = readSettings({});
  expect(settings).toMatchObject({
    host: "127.0.0.1",
    port: 8474,
    allowedHosts: [],
    links: [],
    listenBeyondLoopback: false,
  });
  expect(Number.isSafeInteger(settings.seed)).toBe(true);
});

test("links are parsed from text and from JSON", () => {
  const wanted = { name: "gateway->db", listen: "127.0.0.1:1", upstream: "h:2", enabled: true };
  expect(readSettings({ LINKS: "gateway->db=127.0.0.1:1>h:2, b=:3>h:4" }).links).toMatchObject([wanted, { name: "b" }]);
  const json = JSON.stringify([{ ...wanted, toxics: [{ type: "noop" }] }]);
  expect(readSettings({ LINKS: json, SEED: "5" })).toMatchObject({
    seed: 5,
    links: [{ ...wanted, toxics: [{ name: "noop_downstream" }] }],
  });
});

test.each(["nonsense", "a=b", "[", '[{"name":"a"}]', "a=:1>h:1,a=:2>h:2"])(
  "LINKS=%s is refused with the reason",
  (LINKS) => {
    expect(() => readSettings({ LINKS })).toThrow(/^LINKS is .*LINKS=gateway->payments-mcp=/);
  },
);
