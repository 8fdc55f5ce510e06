import { randomUUID } from "node:crypto";
import type { RegisteredStack } from "../../journal/stack-register.ts";
import type { Stack } from "../stack-file.ts";
import type { Engine } from "./engine.ts";
import { portsOfProject } from "./found-project.ts";

/**
 * How a project that someone else has up is registered; undefined when nothing of it exists. Writes nothing.
 * @throws LabError as {@link portsOfProject}
 */
export async function attachedRow(
  stack: Stack,
  { docker, address }: Engine,
  options: { acceptsStopped: boolean },
): Promise<RegisteredStack | undefined> {
  const ports = await portsOfProject(docker, stack, options);
  return (
    ports && {
      id: `${stack.project}-${randomUUID().slice(0, 8)}`,
      project: stack.project,
      file: stack.file,
      kept: true,
      attached: true,
      docker: { engine: address, networks: [], volumes: [] },
      ports,
      without: [],
    }
  );
}
