import { z } from "zod";
import { headerName, SERVICE_ROLES } from "../../contract/stacks.ts";
import { COMPOSE_DURATION_PATTERN, parseDuration } from "../../model/duration.ts";
import { probe } from "../health/probe-spec.ts";
import { SECRET_NAME } from "../journal/stack-secrets.ts";
import { decisionsSpec } from "./decisions-spec.ts";
import { publishedPorts } from "./published-port.ts";

/** The part of compose's format that the lab reads and can bring up. Anything else is refused by name and line. */

export const ROLES = SERVICE_ROLES;
export type Role = (typeof ROLES)[number];

const duration = z
  .string()
  .regex(COMPOSE_DURATION_PATTERN, { error: "expected a duration such as 500ms, 5s or 1m30s" })
  .transform((text) => parseDuration(text, COMPOSE_DURATION_PATTERN) ?? 0);
const scalar = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const text = scalar.transform((value) => (value === null ? "" : String(value)));
const command = z.union([z.string(), z.array(z.string())]);

/** A map, or a list of `NAME=value`; always a map once read. */
const assignments = z.union([
  z.record(z.string(), text),
  z.array(z.string()).transform((lines) =>
    Object.fromEntries(
      lines.map((line) => {
        const at = line.indexOf("=");
        return at < 0 ? [line, ""] : [line.slice(0, at), line.slice(at + 1)];
      }),
    ),
  ),
]);

const count = z.union([z.int().nonnegative(), z.string().regex(/^\d+$/)]).transform(Number);
const healthcheck = z.strictObject({
  test: command.optional(),
  interval: duration.optional(),
  timeout: duration.optional(),
  retries: count.optional(),
  start_period: duration.optional(),
  start_interval: duration.optional(),
  disable: z.boolean().optional(),
});

export const START_CONDITIONS = ["service_started", "service_healthy", "service_completed_successfully"] as const;
export type StartCondition = (typeof START_CONDITIONS)[number];

const dependsOn = z.union([
  z.array(z.string()).transform((names) => Object.fromEntries(names.map((name) => [name, "service_started" as const]))),
  z
    .record(z.string(), z.strictObject({ condition: z.enum(START_CONDITIONS) }))
    .transform((map) => Object.fromEntries(Object.entries(map).map(([name, { condition }]) => [name, condition]))),
]);

const labService = z.strictObject({
  role: z.enum(ROLES),
  probe,
  endpoint: z.string().optional().describe("where its work is done: a path, or a postgres URL"),
  runsAt: z
    .url({ protocol: /^https?$/ })
    .optional()
    .describe(
      "where it runs, which is elsewhere: its process only forwards there, so its links are broken and never itself",
    ),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .optional()
    .describe("the port inside its container; by default the first published one"),
  token: z
    .string()
    .min(1)
    .optional()
    .describe("sent as Authorization: Bearer with the lab's resets, steps, GETs and faults, never to an MCP endpoint"),
  headers: z
    .record(headerName, text)
    .optional()
    .describe("sent with its probe and with each MCP request to it; variables of the environment are filled in"),
  reset: z.string().startsWith("/").optional().describe("POSTed before each run, so that runs begin alike"),
  diagnostics: z
    .string()
    .startsWith("/")
    .optional()
    .describe(
      "where a GET reports what it holds open, in the field diagnostics: open_requests, open_sockets, open_timers, listeners, sessions, subscribers and running_executions are compared by scenarios",
    ),
  tools: z
    .array(z.string().min(1))
    .optional()
    .describe("the tools that it offers: a scenario that names another is reported before it runs"),
  protections: z
    .strictObject({ environment: z.string(), names: z.array(z.string()).min(1) })
    .optional()
    .describe("the variable that switches protections off, and their names"),
  process: z
    .strictObject({ command: z.array(z.string()).min(1), environment: z.record(z.string(), text).optional() })
    .optional()
    .describe("how to run the same program without Docker"),
});

const service = z.strictObject({
  image: z.string().optional(),
  build: z
    .union([
      z.string().transform((context) => ({ context, dockerfile: undefined, args: undefined })),
      z.strictObject({ context: z.string(), dockerfile: z.string().optional(), args: assignments.optional() }),
    ])
    .optional(),
  command: command.optional(),
  entrypoint: command.optional(),
  environment: assignments.optional(),
  ports: z
    .array(publishedPorts)
    .transform((ports) => ports.flat())
    .optional(),
  volumes: z
    .array(
      z
        .string()
        .regex(/^(?:[^:]+:)?\/[^:]*(?::(?:ro|rw))?$/, { error: 'expected "name:/path" or "./folder:/path:ro"' }),
    )
    .optional(),
  networks: z
    .union([
      z.array(z.string()),
      z.record(
        z.string(),
        z.union([
          z.null(),
          z.strictObject({ aliases: z.array(z.string()).optional(), ipv4_address: z.ipv4().optional() }),
        ]),
      ),
    ])
    .optional(),
  depends_on: dependsOn.optional(),
  healthcheck: healthcheck.optional(),
  labels: assignments.optional(),
  user: z.string().optional(),
  working_dir: z.string().optional(),
  hostname: z.string().optional(),
  init: z.boolean().optional(),
  read_only: z.boolean().optional(),
  tmpfs: z.union([z.string(), z.array(z.string())]).optional(),
  restart: z.string().optional(),
  stop_signal: z.string().optional(),
  stop_grace_period: duration.optional(),
  "x-lab": labService.optional(),
});
export type ComposeService = z.output<typeof service>;

/** With `port` it needs nothing of the project: it is broken from within the caller's network namespace, on Docker. */
const link = z
  .strictObject({
    name: z.string().regex(/^[\w-]+->[\w-]+$/, { error: 'expected "caller->callee"' }),
    port: z.int().min(1).max(65_535).optional().describe("where the callee answers"),
    by: z
      .literal("hosts")
      .optional()
      .describe("broken by a line in the caller's hosts file: for engines that refuse the right to set packet rules"),
    listen: z.string().optional().describe("the address of the fault proxy that the caller's environment names"),
    upstream: z.string().optional().describe("service:port where the callee answers the fault proxy"),
  })
  .transform(({ name, port, by, listen, upstream }, context) => {
    if (port !== undefined && listen === undefined && upstream === undefined) {
      return { name, port, ...(by === undefined ? {} : { by }) };
    }
    if (port === undefined && by === undefined && listen !== undefined && upstream !== undefined)
      return { name, listen, upstream };
    context.addIssue({ code: "custom", message: "expected either port, or listen and upstream" });
    return z.NEVER;
  });
export type LinkSpec = z.output<typeof link>;

export const stackDocument = z.looseObject({
  name: z.string().optional(),
  services: z.record(z.string(), service),
  volumes: z
    .record(
      z.string(),
      z.union([z.null(), z.strictObject({ name: z.string().optional(), external: z.boolean().optional() })]),
    )
    .optional(),
  networks: z
    .record(
      z.string(),
      z.union([
        z.null(),
        z.strictObject({
          name: z.string().optional(),
          driver: z.string().optional(),
          internal: z.boolean().optional(),
          external: z.boolean().optional(),
          ipam: z
            .strictObject({ config: z.array(z.strictObject({ subnet: z.string(), gateway: z.string().optional() })) })
            .optional(),
        }),
      ]),
    )
    .optional(),
  "x-lab": z
    .strictObject({
      project: z
        .string()
        .regex(/^[a-z0-9][a-z0-9_-]*$/, { error: "expected a project name: lower case letters, digits, _ and -" })
        .optional(),
      folder: z
        .string()
        .optional()
        .describe("of a file that is kept elsewhere: the folder of the compose file, whose .env is read"),
      links: z.array(link).optional(),
      gateway: z.unknown().optional().describe("of a file that the lab has written: the address that it was made for"),
      decisions: decisionsSpec
        .optional()
        .describe("where decisions are read, if not in the table of an audit-log service"),
      secrets: z
        .array(z.string().regex(SECRET_NAME, { error: "expected a variable's name, such as GATEWAY_TOKEN" }))
        .optional()
        .describe("variables for which the lab makes a random value, kept in its data folder, where nothing sets them"),
    })
    .optional(),
});
export type StackDocument = z.output<typeof stackDocument>;

export const TOP_LEVEL_FIELDS = ["services", "volumes", "networks", "version", "name"];
