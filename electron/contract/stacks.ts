import { z } from "zod";
import { healthStatus } from "../model/lab-event.ts";

const projectName = z.string().min(1).max(200);

/** Names of variables of the environment and no values: those are read when a request is sent, and are stored nowhere. */
const headerValue = z
  .string()
  .max(500)
  .regex(/^(?:[\w-]+ )?\$\{[A-Za-z_]\w*\}$/, {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: as a person writes it
    error: "expected a variable of the environment, such as ${TOKEN} or Bearer ${TOKEN}",
  });
export const headerName = z
  .string()
  .max(200)
  .regex(/^[!#$%&'*+.^`|~\w-]+$/, { error: "expected the name of an HTTP header" });

/** An MCP gateway that runs elsewhere, by its address. */
export const gatewayAddress = z.strictObject({
  /** Without a user, a query or a fragment: those are often secrets, and would be stored with it. */
  url: z
    .string()
    .max(2_000)
    .regex(/^https?:\/\/[^\s/?#@\\]+(?:\/[^\s?#\\]*)?$/i, {
      error: "expected an http or https URL without a user, a query or a fragment",
    }),
  headers: z.record(headerName, headerValue),
});
export type GatewayAddress = z.infer<typeof gatewayAddress>;

/** A stack by what a person calls it. Which engine a project is on is the host's environment's to say. */
export const stackChoice = z.discriminatedUnion("is", [
  z.strictObject({ is: z.literal("reference"), driver: z.enum(["process", "docker"]) }),
  z.strictObject({ is: z.literal("project"), project: projectName }),
  gatewayAddress.extend({ is: z.literal("gateway") }),
]);
export type StackChoice = z.infer<typeof stackChoice>;

/** A compose project that the engine has, running or not. */
export const listedProject = z.object({
  project: z.string(),
  /** In alphabetical order. */
  services: z.array(z.object({ name: z.string(), running: z.int(), containers: z.int() })),
  /** Its compose files, by the labels of its containers. */
  files: z.array(z.string()),
});

export type ListedProject = z.infer<typeof listedProject>;

/** A compose file that a person has opened by its name. */
export const openedFile = z.object({
  id: z.string(),
  file: z.string(),
  /** As compose names it; null when the file cannot be read. */
  project: z.string().nullable(),
  services: z.array(z.string()),
  /** Why it cannot be brought up, with the next step. */
  problem: z.string().nullable(),
});
export type OpenedFile = z.infer<typeof openedFile>;

/** What is no longer to be listed. Nothing of it is changed. */
export const forgetRequest = z.discriminatedUnion("is", [
  z.strictObject({ is: z.literal("file"), id: z.string().max(100) }),
  z.strictObject({ is: z.literal("gateway"), url: z.string().max(2_000) }),
]);
export type ForgetRequest = z.infer<typeof forgetRequest>;

/** What a project's compose tool is to do: all services up as their files say, or stopped and kept. */
export const composeRequest = z.strictObject({ project: projectName, action: z.enum(["up", "stop"]) });
export type ComposeRequest = z.infer<typeof composeRequest>;
export type ComposeAction = ComposeRequest["action"];

/** A compose tool at work, with the last lines that it printed. */
export const composing = composeRequest.extend({ lines: z.array(z.string()) });
export type Composing = z.infer<typeof composing>;

export const stackChoices = z.object({
  /** The one that is open. */
  open: stackChoice,
  projects: z.array(listedProject),
  /** Opened by their names, the last first. */
  files: z.array(openedFile),
  gateways: z.array(gatewayAddress),
  engine: z.discriminatedUnion("is", [
    z.object({ is: z.literal("ready"), address: z.string(), version: z.string(), notes: z.array(z.string()) }),
    z.object({ is: z.literal("unavailable"), message: z.string(), hint: z.string().nullable() }),
  ]),
});
export type StackChoices = z.infer<typeof stackChoices>;

const serviceName = z.string().min(1).max(200);
/** As an address writes it. */
const path = z.string().startsWith("/").max(500);
const port = z.int().min(1).max(65_535);

export const SERVICE_ROLES = [
  "gateway",
  "mcp-server",
  "agent",
  "approval-channel",
  "audit-log",
  "database",
  "fault-proxy",
  "other",
] as const;

const variable = z.string().regex(/^[A-Za-z_]\w{0,99}$/, { error: "expected the name of an environment variable" });
const account = z
  .string()
  .max(100)
  .regex(/^[^\s$]+$/, { error: "expected a name" });

/** How a database is logged in to. The password never passes through the page: it is in a variable of the environment. */
export const databaseLogin = z.strictObject({ user: account, database: account, passwordVariable: variable });
export type DatabaseLogin = z.infer<typeof databaseLogin>;

/**
 * How a service's health is checked; `path` is that of `http` and `mcp`, `login` that of `postgres`: null where a file has a
 * probe that the page cannot show, such as one with a password in it.
 */
export const describedProbe = z.object({
  is: z.enum(["mcp", "http", "tcp", "container", "postgres"]),
  path: path.nullable(),
  login: databaseLogin.nullable(),
});
export type DescribedProbe = z.infer<typeof describedProbe>;

/** A header sent to a service. Null where a file has a value without a variable, which is not shown and is kept. */
export const describedHeader = z.strictObject({
  name: z
    .string()
    .max(100)
    .regex(/^[!#$%&'*+.^`|~\w-]+$/, { error: "expected the name of an HTTP header" }),
  value: z
    .string()
    .max(1_000)
    .regex(/^[^$\r\n]*\$\{[A-Za-z_]\w*\}[^$\r\n]*$/, {
      // biome-ignore lint/suspicious/noTemplateCurlyInString: shown as a person writes it
      error: "expected a variable of the environment in it, such as Bearer ${TOKEN}",
    })
    .nullable(),
});
export type DescribedHeader = z.infer<typeof describedHeader>;

/** What the lab takes a service for. */
export const describedService = z.object({
  name: z.string(),
  image: z.string(),
  replicas: z.int(),
  /** Inside its containers, in ascending order. */
  ports: z.array(z.int()),
  role: z.enum(SERVICE_ROLES),
  probe: describedProbe,
  headers: z.array(describedHeader),
  /** Where it answers; null when nothing says so. */
  port: z.int().nullable(),
  /** The port at which it accepted connections and did not answer in time, so that its role is not known. */
  lateAt: z.int().nullable(),
  /** The file that says so; null for a proposal. */
  saidIn: z.string().nullable(),
});
export type DescribedService = z.infer<typeof describedService>;

export const describedLink = z.object({
  /** `caller->callee`. */
  name: z.string(),
  from: z.string(),
  to: z.string(),
  /** Where the callee answers; null for one that a fault proxy of the project carries. */
  port: z.int().nullable(),
  /** What says so: a file, an address in an environment or a command, or a connection that was seen when the project was opened. */
  origin: z.enum(["file", "configuration", "connection"]),
});
export type DescribedLink = z.infer<typeof describedLink>;

export const projectDescription = z.object({
  project: z.string(),
  /** In alphabetical order. */
  services: z.array(describedService),
  links: z.array(describedLink),
  /** What could not be seen of connections, and why: links may be there that are not proposed. */
  unseen: z.array(z.string()),
  /** Where corrections are saved. */
  savedIn: z.string(),
});
export type ProjectDescription = z.infer<typeof projectDescription>;

const writableProbe = z
  .strictObject({
    is: z.enum(["mcp", "http", "tcp", "container", "postgres"]),
    path: path.nullable(),
    login: databaseLogin.nullable(),
  })
  .refine(({ is, login }) => (is === "postgres") === (login !== null), { error: "a login belongs to postgres" });
const headers = z.array(describedHeader).max(20);

/** Corrections of the project that is open. */
export const projectChanges = z.strictObject({
  project: projectName,
  services: z
    .array(
      z.strictObject({
        name: serviceName,
        role: z.enum(SERVICE_ROLES),
        /** Null leaves a probe as its file says, which may hold a password. */
        probe: writableProbe.nullable(),
        headers,
        port: port.nullable(),
      }),
    )
    .max(500),
  addLinks: z.array(z.strictObject({ from: serviceName, to: serviceName, port })).max(500),
  /** By name; proposals stay. */
  removeLinks: z.array(z.string().max(500)).max(500),
});
export type ProjectChanges = z.infer<typeof projectChanges>;

export const probeTrial = z.strictObject({
  service: serviceName,
  probe: writableProbe,
  headers,
  port: port.nullable(),
});
export type ProbeTrial = z.infer<typeof probeTrial>;

export const probeResult = z.object({ status: healthStatus, reason: z.string(), latencyMs: z.number() });
