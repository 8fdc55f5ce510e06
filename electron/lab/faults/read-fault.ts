import { checkDocument } from "../documents/check-document.ts";
import { parseYaml } from "../documents/yaml-document.ts";
import { type FaultSpec, faultSpec } from "./fault-spec.ts";

/** A fault of the form that a scenario's step has. @throws DocumentError naming the field and what was expected */
export function readFault(fields: Readonly<Record<string, unknown>>): FaultSpec {
  return checkDocument(parseYaml(JSON.stringify(fields), "fault"), faultSpec);
}
