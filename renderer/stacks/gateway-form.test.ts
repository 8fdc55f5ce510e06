// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as a person writes them
import { expect, test } from "vitest";
import { gatewayIn } from "./gateway-form.ts";

test("an address with headers is read, and what is still empty is no problem", () => {
  expect(gatewayIn("", "")).toEqual({ gateway: undefined, problems: {} });
  expect(gatewayIn(" https://g.example/mcp ", "\nAuthorization = Bearer ${TOKEN}\n X-Key=${KEY}\n")).toEqual({
    gateway: { url: "https://g.example/mcp", headers: { Authorization: "Bearer ${TOKEN}", "X-Key": "${KEY}" } },
    problems: {},
  });
});

test.each([
  ["gateway.example", "", { url: /http or https URL/ }],
  ["https://me:secret@g/mcp", "", { url: /without a user/ }],
  ["https://g/mcp", "Authorization=Bearer abc", { headers: /^Authorization: .*a variable of the environment/ }],
  ["https://g/mcp", "Authorization", { headers: /^Authorization: / }],
])("%s with %j is not connected to, and says why", (url, headers, problems) => {
  const entered = gatewayIn(url, headers);
  expect(entered.gateway).toBeUndefined();
  for (const [name, message] of Object.entries(problems)) {
    expect(entered.problems[name as keyof typeof problems]).toMatch(message);
  }
});
