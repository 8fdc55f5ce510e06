/**
 * `BACKENDS_FILE`: a file with the settings of backends as lines NAME=VALUE. They come before those of the environment, and are read
 * again when the gateway is sent SIGHUP, so that backends can be added, changed and removed while it runs.
 */
import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { EnvironmentError, type Variables } from "../http/environment.ts";

const ofBackends = /^(BACKENDS|BACKEND_[A-Z0-9_]+|CONFLICTS|PRIORITY_ORDER|PREFIX_FORMAT|TOOL_NAMES)$/;

/** @throws EnvironmentError for a file that cannot be read, or that sets something else */
export function withBackendsFile(variables: Variables): Variables {
  const file = variables.BACKENDS_FILE?.trim();
  if (!file) return variables;
  const settings = read(file);
  const others = Object.keys(settings).filter((name) => !ofBackends.test(name));
  if (others.length === 0) return { ...variables, ...settings };
  const expected = "expected BACKENDS, BACKEND_<NAME>_..., CONFLICTS, PRIORITY_ORDER, PREFIX_FORMAT or TOOL_NAMES";
  throw new EnvironmentError(`BACKENDS_FILE ${file} sets ${others.join(", ")}: ${expected}`);
}

function read(file: string): Variables {
  try {
    return parseEnv(readFileSync(file, "utf8"));
  } catch (error) {
    throw new EnvironmentError(`BACKENDS_FILE ${file} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}
