import {
  ANNOTATION_LIMITS,
  type AnnotationChange,
  annotated,
  NO_ANNOTATIONS,
  type RunAnnotations,
} from "../../model/annotations.ts";
import { LabError } from "../lab-error.ts";

/** @param stored JSON, or null for a run on which nothing was written. @throws LabError for too many notes */
export function changedAnnotations(stored: string | null, change: AnnotationChange): RunAnnotations {
  const after = annotated(storedAnnotations(stored), change, Date.now());
  if (after !== undefined) return after;
  throw new LabError("bad-input", `the run has ${ANNOTATION_LIMITS.notes} notes already`, {
    hint: "delete one, or add to one",
  });
}

/** Checked when it was written. */
export function storedAnnotations(stored: string | null): RunAnnotations {
  return stored === null ? NO_ANNOTATIONS : (JSON.parse(stored) as RunAnnotations);
}
