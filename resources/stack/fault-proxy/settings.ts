/** The proxy's configuration, from environment variables only. */
import { type EnvironmentReader, readEnvironment, type Variables } from "../http/environment.ts";
import { readLinks } from "./api/link-body.ts";
import { type LinkSpec, Refusal } from "./registry.ts";

export interface Settings {
  host: string;
  port: number;
  /** The path of a socket for the API, in the place of `host` and `port`. */
  socket?: string | undefined;
  allowedHosts: readonly string[];
  /** The token that API callers must send; if undefined, every program on this machine has access, as in Toxiproxy. */
  controlToken: string | undefined;
  seed: number;
  /** Whether links may listen on addresses that other machines can reach. */
  listenBeyondLoopback: boolean;
  links: LinkSpec[];
}

const example = "gateway->payments-mcp=127.0.0.1:19001>127.0.0.1:18421";

/** Throws EnvironmentError. */
export function readSettings(variables: Variables): Settings {
  return readEnvironment(variables, (environment) => ({
    ...environment.listening(8474),
    socket: environment.optionalString("SOCKET"),
    controlToken: environment.optionalString("CONTROL_TOKEN"),
    // Without a given seed each start differs; the drawn seed is logged, so that the run can be reproduced.
    seed: environment.integer("SEED", {
      fallback: Math.floor(Math.random() * 2 ** 31),
      min: 0,
      max: Number.MAX_SAFE_INTEGER,
    }),
    listenBeyondLoopback: environment.oneOf("LISTEN_BEYOND_LOOPBACK", ["no", "yes"], "no") === "yes",
    links: linksOf(environment),
  }));
}

/** `name=listen>upstream`, comma separated, or a JSON list as for `POST /populate`. */
function linksOf(environment: EnvironmentReader): LinkSpec[] {
  const text = environment.optionalString("LINKS") ?? "";
  try {
    const links = readLinks(text.startsWith("[") ? JSON.parse(text) : environment.list("LINKS").map(parseLink));
    const twice = links.find(({ name }, at) => links.findIndex((other) => other.name === name) !== at);
    if (twice) throw new Refusal(409, `${JSON.stringify(twice.name)} is listed twice`);
    return links;
  } catch (error) {
    const reason = error instanceof Refusal ? error.message : "it is not valid JSON";
    environment.problem(
      `LINKS is ${JSON.stringify(text.slice(0, 200))}: ${reason}. Write for example LINKS=${example}`,
    );
    return [];
  }
}

/** A name may contain `>` (`gateway->payments-mcp`) but not `=`. */
function parseLink(text: string): Record<string, string> {
  const match = /^([^=]+)=([^>]*)>(.+)$/.exec(text);
  if (!match) throw new Refusal(400, `${JSON.stringify(text)} is not name=listen>upstream`);
  const [, name = "", listen = "", upstream = ""] = match.map((part) => part.trim());
  return { name, listen, upstream };
}
