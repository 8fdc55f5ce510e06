// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables as a person writes them
import { expect, test } from "vitest";
import { temporaryFolder } from "../../testing/temporary-folder.ts";
import { GATEWAY_LINK, gatewayOf, gatewayStack } from "./gateway-stack.ts";
import { choosePorts, releasePorts } from "./ports.ts";
import { entranceOf, isProxied } from "./stack-file.ts";

const URL_ELSEWHERE = "https://Gateway.example:8443/a$b/mcp";
const HEADERS = { Authorization: "Bearer ${GATEWAY_TOKEN}", "X-Key": "${KEY}" };
const environment = () => ({ RESILIENCE_LAB_HOME: temporaryFolder(), GATEWAY_TOKEN: "a secret", KEY: "k$1" });

test("its service has what the address and the variables say, and its text the names of the variables alone", () => {
  const stack = gatewayStack({ url: URL_ELSEWHERE, headers: HEADERS }, environment());
  expect(stack.project).toBe("gateway.example:8443");
  expect(stack.services.find(({ name }) => name === "gateway")).toMatchObject({
    role: "gateway",
    runsAt: URL_ELSEWHERE,
    endpoint: "/a$b/mcp",
    probe: { mcp: "/a$b/mcp" },
    headers: { Authorization: "Bearer a secret", "X-Key": "k$1" },
    process: { environment: { UPSTREAM: URL_ELSEWHERE } },
  });
  expect(stack.source).not.toContain("a secret");
  expect(stack.source).toContain("Bearer ${GATEWAY_TOKEN}");
  expect(entranceOf(stack, "gateway")?.name).toBe(GATEWAY_LINK);
  expect(gatewayOf(stack)?.headers).toEqual(HEADERS);
});

test("a header whose variable is not set is named, and what is no address is refused", () => {
  const open = (url: string, variables: object) => () =>
    gatewayStack({ url, headers: HEADERS }, { ...environment(), ...variables });
  expect(open(URL_ELSEWHERE, { KEY: undefined })).toThrow("the header X-Key needs the variable KEY, which is not set");
  expect(open("http://[no", {})).toThrow("is no address");
});

test("its local address has the same port at each start, unless that is taken or any free one is wanted", async () => {
  const read = (url: string) => gatewayStack({ url, headers: {} }, environment());
  const first = await choosePorts(read(URL_ELSEWHERE), "fixed");
  const meanwhile = await choosePorts(read(URL_ELSEWHERE), "fixed");
  releasePorts(first);
  const again = await choosePorts(read(URL_ELSEWHERE), "fixed");
  releasePorts(again);
  releasePorts(meanwhile);
  expect(again[GATEWAY_LINK]).toBe(first[GATEWAY_LINK]);
  expect(meanwhile[GATEWAY_LINK]).not.toBe(first[GATEWAY_LINK]);
  const [link] = read(URL_ELSEWHERE).links.filter(isProxied);
  expect(link?.listen).toBe(`127.0.0.1:${first[GATEWAY_LINK]}`);
});
