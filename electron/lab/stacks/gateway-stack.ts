import { createHash } from "node:crypto";
import { parse, stringify } from "yaml";
import { z } from "zod";
import { type GatewayAddress, gatewayAddress } from "../../contract/stacks.ts";
import { parseYaml } from "../documents/yaml-document.ts";
import { LabError } from "../lab-error.ts";
import { type Stack, type StackUse, stackOfDocument } from "./stack-file.ts";

/** The link that callers use by a local address: theirs is no service of the stack. */
export const GATEWAY_LINK = "client->gateway";
/** Within the range of free ports, see ports.ts. */
const LOCAL_PORTS = { from: 17_000, count: 15_000 };
const REFERENCE = /\$\{([A-Za-z_]\w*)\}/;

/**
 * The stack of a gateway that runs elsewhere: a process that forwards to it, and a fault proxy before that, at a local
 * address which callers can be configured to use. Nothing is written.
 * @throws LabError for what is no URL, and when a header names a variable that the environment does not have
 */
export function gatewayStack(
  { url, headers }: GatewayAddress,
  environment: NodeJS.ProcessEnv,
  use: StackUse = "to bring up",
): Stack {
  if (!URL.canParse(url)) throw new LabError("bad-input", `"${url}" is no address`);
  for (const [header, value] of Object.entries(headers)) {
    const name = REFERENCE.exec(value)?.[1] ?? "";
    if (environment[name]) continue;
    throw new LabError("bad-input", `the header ${header} needs the variable ${name}, which is not set`, {
      hint: `set ${name} in the environment that the lab is started in, and start it again`,
    });
  }
  const document = parseYaml(describe({ url, headers }), url);
  const stack = stackOfDocument(document, ".", { ...environment, COMPOSE_PROJECT_NAME: "" }, use);
  return { ...stack, project: new URL(url).host };
}

const described = z.object({ "x-lab": z.object({ gateway: gatewayAddress }) });

/** The address that a stack was made for, with its variables; undefined for any other stack. */
export function gatewayOf({ source }: Pick<Stack, "source">): GatewayAddress | undefined {
  const parsed = described.safeParse(parse(source, { logLevel: "silent" }));
  return parsed.success ? parsed.data["x-lab"].gateway : undefined;
}

function describe({ url, headers }: GatewayAddress): string {
  const { pathname } = new URL(url);
  return stringify({
    services: {
      "fault-proxy": {
        ports: ["127.0.0.1:0:8474"],
        // biome-ignore lint/suspicious/noTemplateCurlyInString: filled in when the file is read
        environment: { CONTROL_TOKEN: "${STACK_TOKEN}" },
        "x-lab": {
          role: "fault-proxy",
          // biome-ignore lint/suspicious/noTemplateCurlyInString: filled in when the file is read
          token: "${STACK_TOKEN}",
          probe: { http: "/version" },
          process: {
            command: ["node", "{programs}/fault-proxy.mjs"],
            environment: { HOST: "127.0.0.1", PORT: "{port}", LINKS: "{links}" },
          },
        },
      },
      gateway: {
        ports: ["127.0.0.1:0:80"],
        "x-lab": {
          role: "gateway",
          runsAt: literal(url),
          endpoint: literal(pathname),
          probe: { mcp: literal(pathname) },
          headers,
          process: {
            command: ["node", "{programs}/forwarder.mjs"],
            environment: { HOST: "127.0.0.1", PORT: "{port}", UPSTREAM: literal(url), ...TRUST },
          },
        },
      },
    },
    "x-lab": {
      gateway: { url: literal(url), headers },
      secrets: ["STACK_TOKEN"],
      links: [{ name: GATEWAY_LINK, listen: `127.0.0.1:${localPort(url)}`, upstream: "gateway:80" }],
    },
  });
}

/** As the lab itself trusts. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: filled in when the file is read
const TRUST = { NODE_EXTRA_CA_CERTS: "${NODE_EXTRA_CA_CERTS:-}" };

/** The same for every start, so that a caller is configured once. */
function localPort(url: string): number {
  return LOCAL_PORTS.from + (createHash("sha256").update(url).digest().readUInt32BE() % LOCAL_PORTS.count);
}

/** In a file in which variables are filled in. */
function literal(text: string): string {
  return text.replaceAll("$", "$$$$");
}
