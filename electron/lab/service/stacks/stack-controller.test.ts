import { expect, onTestFinished, test } from "vitest";
import type { OpenStack } from "../../stacks/open-stack.ts";
import type { ResolvedTarget } from "../../stacks/resolve-target.ts";
import { ON_REFERENCE_STACK, type RunTarget } from "../../stacks/run-target.ts";
import type { Stack } from "../../stacks/stack-file.ts";
import { type ControllerParts, StackController } from "./stack-controller.ts";

const ADDRESS = { host: "unix:///elsewhere.sock", namedBy: "DOCKER_HOST" };
const OTHER_STACK_ON_DOCKER: RunTarget = {
  ...ON_REFERENCE_STACK,
  source: { is: "compose file", file: "/there/compose.yaml", project: "theirs" },
  driver: "docker",
  engine: { by: "address", address: ADDRESS },
};

/** A lab whose stack is a fake that says which targets were asked for. */
function controllerOf(target: RunTarget) {
  const asked: RunTarget[] = [];
  const stack = { project: "theirs", services: [], links: [] } as unknown as Stack;
  const openOf = (wanted: RunTarget) => {
    const kind = wanted.driver === "docker" ? "docker" : "process";
    const running = { health: { onTransition: () => {} }, registered: { kept: true }, driver: { kind }, stack };
    return { target: wanted, running, takeDown: async () => {}, release: async () => {} } as unknown as OpenStack;
  };
  const stacks = {
    resolve: async (wanted: RunTarget) => ({ target: wanted, stack, engine: undefined }),
    open: async ({ target: wanted }: ResolvedTarget) => {
      asked.push(wanted);
      return openOf(wanted);
    },
  };
  const options = () => ({ keep: true, ports: "fixed or auto" }) as const;
  const rest = { journal: { open: () => [] }, onChange: () => {}, onUp: () => {}, onLeave: async () => {} };
  const controller = new StackController({
    stacks,
    first: { target, stack },
    options,
    ...rest,
  } as unknown as ControllerParts);
  onTestFinished(() => controller.close());
  return { controller, asked, open: openOf(target) };
}

test("a stack that was left up on Docker, taken down and brought up again, is the same stack on the same engine", async () => {
  const { controller, asked, open } = controllerOf(OTHER_STACK_ON_DOCKER);
  controller.adopt(open);
  expect(controller.driver).toBe("docker");
  await controller.down();
  expect(
    await controller.status(null, { isBusy: false, isListening: false, building: null, composing: null }),
  ).toMatchObject({
    state: "down",
    driver: "docker",
    project: "theirs",
  });
  await controller.up();
  expect(asked).toEqual([{ ...OTHER_STACK_ON_DOCKER, keep: true, ports: "fixed or auto" }]);
  expect(controller.driver).toBe("docker");
});

test("where nothing was left up it is the reference stack, as processes", async () => {
  const { controller, asked } = controllerOf(ON_REFERENCE_STACK);
  expect(controller.driver).toBe("process");
  await controller.up();
  expect(asked).toEqual([{ ...ON_REFERENCE_STACK, keep: true, ports: "fixed or auto" }]);
});
