import { dirname, join, resolve } from "node:path";
import { isObject } from "../../model/json.ts";
import { LabError } from "../lab-error.ts";
import { fillIn } from "./interpolation.ts";
import { projectNameOf, readDotEnv, readStackFile } from "./stack-file.ts";

/**
 * Whether a compose file is brought up by the compose tool: nothing in it says how the lab would do it.
 * @throws DocumentError for what is no compose file
 */
export function isOfCompose(file: string): boolean {
  const { value } = readStackFile(resolve(file));
  return !servicesOf(value).some(([, service]) => isObject(service) && "x-lab" in service);
}

/** The services of a compose file, in its order. @throws as {@link isOfCompose} */
export function servicesIn(file: string): string[] {
  return servicesOf(readStackFile(resolve(file)).value).map(([name]) => name);
}

/**
 * The name that compose gives to the project of these files: COMPOSE_PROJECT_NAME, else the last `name`, else the folder of
 * the first.
 * @throws DocumentError for what is no compose file
 */
export function projectOfFiles(files: readonly string[], environment: NodeJS.ProcessEnv): string {
  const [first] = files;
  if (first === undefined) throw new LabError("bad-input", "name a compose file");
  const folder = dirname(resolve(first));
  const variables = { ...readDotEnv(join(folder, ".env"), environment).values, ...environment };
  if (variables.COMPOSE_PROJECT_NAME) return variables.COMPOSE_PROJECT_NAME;
  const names = files.flatMap((file) => {
    const { value } = readStackFile(resolve(file));
    const name = isObject(value) ? value.name : undefined;
    return typeof name === "string" ? [fillIn(name, variables, () => {})] : [];
  });
  return names.at(-1) || projectNameOf(folder);
}

function servicesOf(value: unknown): [string, unknown][] {
  return isObject(value) && isObject(value.services) ? Object.entries(value.services) : [];
}
