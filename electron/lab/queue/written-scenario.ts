import { createHash } from "node:crypto";
import { basename } from "node:path";
import { z } from "zod";
import { readDocument } from "../documents/yaml-document.ts";
import { LabError, messageOf } from "../lab-error.ts";
import { Redactor } from "../redaction/redactor.ts";
import { type LoadedScenario, loadText } from "../scenarios/load.ts";
import { askedAt } from "../scenarios/suite.ts";

/** The text of a scenario in a spec. What names its file is only given by a lab for runs of its own data folder. */
export const writtenScenario = z.looseObject({
  source: z.string().min(1).max(1_000_000),
  /** Which of the scenarios in the text, and its title. */
  id: z.string().max(200).optional(),
  title: z.string().max(1_000).optional(),
  /** Where the text stands, and its digest: with secrets in it, `source` has placeholders in their place. */
  file: z.string().optional(),
  sha256: z.string().optional(),
  /** Asked instead of the stack's own agent, by the cases of a suite. */
  agent: z.string().optional(),
});
export type WrittenScenario = z.infer<typeof writtenScenario>;

/** A scenario as it is kept in the queue: without its secrets. */
export function writeScenario({ scenario, file, source }: LoadedScenario, agent?: string): WrittenScenario {
  const redactor = new Redactor();
  return {
    source: redactor.yaml(source),
    id: scenario.id,
    title: redactor.text(scenario.title),
    file,
    sha256: digest(source),
    ...(agent === undefined ? {} : { agent }),
  };
}

/** All scenarios of a text that names none. @throws DocumentError, LabError for a text whose secrets are no longer in its file */
export function readScenarios(written: WrittenScenario): LoadedScenario[] {
  const { id, title, file = "scenario.yaml", agent } = written;
  const loaded = loadText(fullText(written), file);
  if (id === undefined) return loaded;
  // The cases of a suite are named after its file, which a run in the history does not record; their titles are the same.
  const isTitled = (each: LoadedScenario) => new Redactor().text(each.scenario.title) === title;
  const found = loaded.find((each) => each.scenario.id === id) ?? loaded.find(isTitled);
  if (found === undefined) throw new LabError("bad-input", `the text of the scenario has none with the id "${id}"`);
  const scenario = { ...found.scenario, id };
  return [{ ...found, scenario: agent === undefined ? scenario : askedAt(scenario, agent) }];
}

function fullText({ source, file, sha256 }: WrittenScenario): string {
  if (sha256 === undefined || digest(source) === sha256 || file === undefined) return source;
  const text = readAgain(file);
  if (digest(text) === sha256) return text;
  throw new LabError("precondition", `${basename(file)} has changed since the run was submitted`, {
    hint: "submit it again: a scenario with secrets or personal data in its text is read from its file",
  });
}

function readAgain(file: string): string {
  try {
    return readDocument(file);
  } catch (error) {
    throw new LabError("precondition", `${basename(file)} can no longer be read: ${messageOf(error)}`, {
      hint: "submit the run again: a scenario with secrets or personal data in its text is read from its file",
      cause: error,
    });
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
