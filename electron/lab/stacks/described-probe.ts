import type { DatabaseLogin, DescribedHeader, DescribedProbe, ProbeTrial } from "../../contract/stacks.ts";
import { isObject } from "../../model/json.ts";
import type { ProbeSpec } from "../health/probe-spec.ts";

/** Text that is nothing but a variable. */
const VARIABLE = /^\$\{([A-Za-z_]\w*)\}$/;

/**
 * A probe as the page shows it. What a file says is read as it is written, with its variables: no password is shown.
 * @param written in the file; undefined for a proposal
 */
export function shownProbe(probe: ProbeSpec, endpoint: string | undefined, written: unknown): DescribedProbe {
  const [[is, value]] = Object.entries(probe) as [[DescribedProbe["is"], unknown]];
  const isPath = is === "http" || is === "mcp";
  return {
    is,
    path: isPath && typeof value === "string" ? value : pathIn(endpoint),
    login: is === "postgres" ? loginIn(written) : null,
  };
}

/** Of the endpoint of a database, which is no path, nothing is shown. */
function pathIn(endpoint: string | undefined): string | null {
  return endpoint?.startsWith("/") ? endpoint : null;
}

function loginIn(written: unknown): DatabaseLogin | null {
  const account = isObject(written) ? written.postgres : undefined;
  if (!isObject(account)) return null;
  const { user, database, password } = account;
  const passwordVariable = typeof password === "string" ? VARIABLE.exec(password)?.[1] : undefined;
  if (typeof user !== "string" || typeof database !== "string" || passwordVariable === undefined) return null;
  return { user, database, passwordVariable };
}

/** Values without a variable may be secrets, and are not shown. @param written in the file */
export function shownHeaders(written: unknown): DescribedHeader[] {
  if (!isObject(written)) return [];
  return Object.entries(written).map(([name, value]) => ({
    name,
    value: typeof value === "string" && /^[^$]*\$\{[A-Za-z_]\w*\}[^$]*$/.test(value) ? value : null,
  }));
}

/** The probe as a file has it. */
export function writtenProbe({ is, path, login }: ProbeTrial["probe"]): object {
  if (login !== null) {
    const { user, database, passwordVariable } = login;
    return { postgres: { user, password: `\${${passwordVariable}}`, database } };
  }
  return is === "http" || is === "mcp" ? { [is]: path ?? "/" } : { [is]: true };
}

/** The headers as a file has them; undefined for none. @param before what it has now */
export function writtenHeaders(headers: readonly DescribedHeader[], before: unknown): object | undefined {
  if (headers.length === 0) return undefined;
  const known = isObject(before) ? before : {};
  return Object.fromEntries(headers.map(({ name, value }) => [name, value ?? known[name] ?? ""]));
}
