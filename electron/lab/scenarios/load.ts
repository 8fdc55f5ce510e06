import { readdirSync, statSync } from "node:fs";
import { basename, extname, join } from "node:path";
import { isObject } from "../../model/json.ts";
import { checkDocument } from "../documents/check-document.ts";
import { parseYaml, readYaml, type YamlDocument } from "../documents/yaml-document.ts";
import { LabError } from "../lab-error.ts";
import { type Check, type Scenario, type Suite, scenario, suite } from "./schema.ts";

/** A scenario with its file. */
export interface LoadedScenario {
  scenario: Scenario;
  file: string;
  /** The text of the file, stored with each run. */
  source: string;
}

/** The scenarios of a file: one, or one for each case of a ToolGate suite. @throws DocumentError */
export function loadFile(file: string): LoadedScenario[] {
  return fromDocument(readYaml(file));
}

export function loadText(source: string, file: string): LoadedScenario[] {
  return fromDocument(parseYaml(source, file));
}

function fromDocument(document: YamlDocument): LoadedScenario[] {
  const { file, source } = document;
  if (isSuite(document.value)) {
    const name = basename(file, extname(file));
    return toScenarios(name, checkDocument(document, suite)).map((each) => ({ scenario: each, file, source }));
  }
  return [{ scenario: checkDocument(document, scenario), file, source }];
}

function isSuite(value: unknown): boolean {
  return isObject(value) && "cases" in value && !("method" in value);
}

/** Each case asks the agent once and checks the audit log, as ToolGate's own runner does. */
function toScenarios(name: string, { cases }: Suite): Scenario[] {
  return cases.map((each) => {
    const expect: Check[] = [
      ...(each.mustInclude?.length ? [{ mustInclude: each.mustInclude }] : []),
      ...(each.mustNotInclude?.length ? [{ mustNotInclude: each.mustNotInclude }] : []),
      ...(each.mustNotContainInArgs?.length ? [{ mustNotContainInArgs: each.mustNotContainInArgs }] : []),
      ...(each.policyOutcome ? [{ policyOutcome: each.policyOutcome }] : []),
    ];
    return {
      id: `${slug(name)}-${slug(each.name)}`,
      title: each.name,
      patterns: [],
      steadyState: [{ service: "gateway", is: "up" }],
      method: [{ agent: each.input }],
      expect,
    };
  });
}

function slug(text: string): string {
  return (
    text
      .toLowerCase()
      .replaceAll(/[^a-z0-9]+/g, "-")
      .replaceAll(/^-|-$/g, "") || "case"
  );
}

/** The scenarios of a folder, sorted by file name. @throws DocumentError when one of them is invalid */
export function loadFolder(folder: string): LoadedScenario[] {
  const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name));
  if (names.length === 0) throw new LabError("bad-input", `there is no scenario (.yaml or .yml) in ${folder}`);
  return names.sort().flatMap((name) => loadFile(join(folder, name)));
}

/** Resolves the arguments of the command line: a file, a folder, or the id of a shipped scenario. */
export function resolveScenarios(names: readonly string[], shipped: readonly LoadedScenario[]): LoadedScenario[] {
  return names.flatMap((name) => {
    const byId = shipped.filter((each) => each.scenario.id === name);
    if (byId.length > 0) return byId;
    const found = statSync(name, { throwIfNoEntry: false });
    if (found?.isDirectory()) return loadFolder(name);
    if (found !== undefined || /\.ya?ml$/.test(name)) return loadFile(name);
    throw new LabError("bad-input", `no scenario is called "${name}", and there is no such file`, {
      hint: `the shipped ones are: ${shipped.map((each) => each.scenario.id).join(", ")}`,
    });
  });
}
