import { expect, test } from "vitest";
import type { FoundService } from "./project-services.ts";
import { proposeLinks, withCalledPorts } from "./propose-links.ts";

function service(name: string, environment: string[] = [], more: Partial<FoundService> = {}): FoundService {
  const rest = {
    image: "",
    command: [],
    containers: [`shop-${name}-1`],
    linked: [],
    ports: [],
    addresses: [],
    dependsOn: {},
    hasHealthCheck: false,
    replicas: 1,
  };
  return { name, environment, aliases: [], ...rest, ...more };
}

test.each<[string, string, number | undefined]>([
  ["a host and a port", "UPSTREAM=tools:3001", 3001],
  ["a URL with a port", "URL=http://tools:8080/mcp", 8080],
  ["a URL without one", "URL=https://tools/mcp", 443],
  ["a database with a password", "DATABASE_URL=postgres://me:p%40ss@tools/audit", 5432],
  ["a driver's scheme", "DATABASE_URL=postgresql+asyncpg://me@tools/audit", 5432],
  ["one of several", "SERVERS=http://other:1/a,http://tools:2/b", 2],
  ["JSON", 'SERVERS={"a":{"url":"http://tools:9/mcp"}}', 9],
  ["its name alone", "NAME=tools", undefined],
  ["a longer name", "URL=http://tools-two:8080", undefined],
  ["a part of a host's name", "URL=http://my.tools:8080", undefined],
  ["a host elsewhere that begins with it", "URL=https://tools.example.com/v1", undefined],
  ["its static address", "URL=http://10.5.0.4:3001/mcp", 3001],
  ["a longer address", "URL=http://10.5.0.44:3001/mcp", undefined],
  ["a path", "PATH_TO=/opt/tools:/bin", undefined],
  ["an unknown scheme", "URL=gopher://tools/", undefined],
  ["no port", "URL=http://tools:0/", undefined],
])("%s is a link, or none: %s", (_what, value, port) => {
  const callee = service("tools", [], { addresses: ["172.18.0.2", "10.5.0.4"] });
  const found = proposeLinks([service("caller", [value]), callee]);
  expect(found).toEqual(port === undefined ? [] : [{ name: "caller->tools", port }]);
});

test("a command and an alias name a service too, one link for each pair", () => {
  const caller = service("a", ["X=http://b:1", "Y=http://b:2"], { command: ["--peer", "db.internal:5433"] });
  const found = proposeLinks([caller, service("b", ["Z=a:7"]), service("c", [], { aliases: ["db.internal"] })]);
  expect(found).toEqual([
    { name: "a->b", port: 1 },
    { name: "a->c", port: 5433 },
    { name: "b->a", port: 7 },
  ]);
});

test("the name of a container is a name of its service", () => {
  const caller = service("a", ["URL=http://billing-tools:3001/mcp"]);
  const found = proposeLinks([caller, service("b", [], { containers: ["billing-tools"] })]);
  expect(found).toEqual([{ name: "a->b", port: 3001 }]);
});

test("a name that the caller alone links to a service is a link, and its port one of the service's", () => {
  const caller = service("a", ["URL=http://pay:3001/mcp"], { linked: [{ container: "shop-b-1", alias: "pay" }] });
  const found = [caller, service("b"), service("pay-later")];
  expect(proposeLinks(found)).toEqual([{ name: "a->b", port: 3001 }]);
  expect(withCalledPorts(found).map(({ ports }) => ports.map(({ inside }) => inside))).toEqual([[], [3001], []]);
});
