import { expect, test } from "vitest";
import { formatAddress, parseAddress, sameListenAddress } from "./address.ts";

test.each([
  ["127.0.0.1:80", { host: "127.0.0.1", port: 80 }],
  [":80", { host: undefined, port: 80 }],
  ["", { host: undefined, port: 0 }],
  ["[::1]:80", { host: "::1", port: 80 }],
  ["host:", { host: "host", port: 0 }],
])("%s is read", (text, address) => {
  expect(parseAddress(text)).toEqual(address);
});

test.each([
  ["bad", "address bad: missing port in address"],
  ["[::1]", "missing port"],
  ["::1:80", "too many colons"],
  ["a:99999", "invalid port"],
  ["a:http", "invalid port"],
])("%s is refused", (text, message) => {
  expect(() => parseAddress(text)).toThrow(message);
});

test("formats as Go does", () => {
  expect(formatAddress({ host: undefined, port: 1 })).toBe("[::]:1");
  expect(formatAddress({ host: "::1", port: 1 })).toBe("[::1]:1");
});

test("the same address has several names", () => {
  expect(sameListenAddress("localhost:1", "127.0.0.1:1")).toBe(true);
  expect(sameListenAddress(":1", "[::]:1")).toBe(true);
  expect(sameListenAddress("127.0.0.1:1", "127.0.0.1:2")).toBe(false);
});
