import { join } from "node:path";
import type { TerminalLab } from "../terminal-lab.ts";

const PROGRAM = join(import.meta.dirname, "service.mjs");

export type Mode = "well" | "never-well" | "dies" | "dies-again" | "slow-again" | "stubborn";

/** A stack file with a service for each mode, named as its mode. Starts in a moment, without a database. */
export function smallStack(
  lab: TerminalLab,
  modes: readonly Mode[],
  ports: Partial<Record<Mode, number>> = {},
): string {
  const services = modes.map(
    (mode) => `  ${mode}:
    image: none
    stop_grace_period: 300ms
    ports: ["127.0.0.1:${ports[mode] ?? 0}:80"]
    x-lab:
      role: other
      probe: { http: /health }
      process:
        command: [node, ${PROGRAM}]
        environment: { MODE: ${mode}, PORT: "{port}", DATA: "{data}" }
`,
  );
  return lab.write("small-stack.yaml", `services:\n${services.join("")}x-lab: { project: small }\n`);
}

/** A scenario on the small stack; what is left out is what does no harm. */
export function smallScenario(
  lab: TerminalLab,
  change: { id?: string; steadyState?: string; method?: string; expect?: string } = {},
): string {
  const { id = "small", steadyState = "{ service: well, is: up }", method = "{ probe: well, is: up }" } = change;
  const { expect = "{ service: well, is: up }" } = change;
  return lab.write(
    `${id}.yaml`,
    `id: ${id}\ntitle: A small one\npatterns: []\nsteadyState: [${steadyState}]\nmethod: [${method}]\nexpect: [${expect}]\n`,
  );
}
