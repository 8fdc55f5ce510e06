import { join } from "node:path";
import type { TerminalLab } from "../terminal-lab.ts";

const PROGRAM = join(import.meta.dirname, "service.mjs");

export type Mode = "well" | "never-well" | "dies" | "dies-again" | "slow-again" | "stubborn";

/** The reference stack's PostgreSQL as a service, without a gateway's tables. */
export const AUDIT_DATABASE = `  audit-db:
    image: none
    stop_signal: SIGINT
    environment: { POSTGRES_USER: lab, POSTGRES_PASSWORD: lab, POSTGRES_DB: audit }
    ports: ["127.0.0.1:0:5432"]
    x-lab:
      role: audit-log
      endpoint: "postgres://lab:lab@{address}/audit"
      probe: { postgres: "postgres://lab:lab@{address}/audit" }
      process:
        command: [node, ${join(import.meta.dirname, "..", "..", "..", "resources", "stack", "build", "audit-db.mjs")}]
        environment: { PORT: "{port}", DATA_FOLDER: "{data}" }
`;

/** A stack file with a service for each mode, named as its mode. Starts in a moment, without a database. */
export function smallStack(
  lab: TerminalLab,
  modes: readonly Mode[],
  ports: Partial<Record<Mode, number>> = {},
  more = "",
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
  return lab.write("small-stack.yaml", `services:\n${services.join("")}${more}x-lab: { project: small }\n`);
}

/** A scenario on the small stack; omitted parts default to harmless ones. */
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
