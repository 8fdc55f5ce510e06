import { expect, test } from "vitest";
import { onOtherStack } from "./other-stack.ts";

const gateway = { name: "gateway", role: "gateway" };
const web = { name: "web", role: "other" };

test("a run is of this stack if that has its services in their roles, also more of them and under another name", () => {
  expect(onOtherStack({ services: [gateway] }, { project: "here", services: [web, gateway] })).toBeUndefined();
  expect(
    onOtherStack({ project: "shop", services: [gateway] }, { project: "here", services: [gateway] }),
  ).toBeUndefined();
});

test("a run of another stack names that stack, this one and what this one lacks", () => {
  const here = { project: "here", services: [gateway] };
  expect(onOtherStack({ project: "shop", services: [web, gateway] }, here)).toBe(
    "the run was on the stack shop, with the services web, gateway; this window's stack is here, without web",
  );
  expect(onOtherStack({ services: [{ name: "gateway", role: "other" }] }, here)).toMatch(
    /^the run was on another stack,/,
  );
});
