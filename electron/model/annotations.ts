import { z } from "zod";

/** What a person may write on a run. */
export const ANNOTATION_LIMITS = { nameChars: 120, tagChars: 40, tags: 20, noteChars: 2_000, notes: 100 } as const;

const line = (chars: number) =>
  z
    .string()
    .max(chars)
    .regex(/^\P{Cc}*$/u, "no control characters")
    .transform((text) => text.trim().toWellFormed());

const name = line(ANNOTATION_LIMITS.nameChars);
/** A comma separates tags where several are typed. */
const tag = line(ANNOTATION_LIMITS.tagChars).refine((text) => text !== "" && !text.includes(","), "a word or several");
const tags = z
  .array(tag)
  .max(ANNOTATION_LIMITS.tags)
  .transform((all) => [...new Set(all)]);
const text = z
  .string()
  .max(ANNOTATION_LIMITS.noteChars)
  .regex(/^(?:\P{Cc}|[\n\t])*$/u, "no control characters")
  .transform((given) => given.trim().toWellFormed())
  .refine((given) => given !== "", "a note has a text");
/** On the run's clock; null for a note on the whole run. */
const atMs = z.number().min(0).max(1e11).nullable();

const runNote = z.strictObject({ id: z.uuid(), atMs, text, writtenWallMs: z.number() });
export type RunNote = z.infer<typeof runNote>;

export const runAnnotations = z.strictObject({
  /** Empty where it has none. */
  name,
  tags,
  /** Those on the whole run first, then by their moment. */
  notes: z.array(runNote).max(ANNOTATION_LIMITS.notes),
});
export type RunAnnotations = z.infer<typeof runAnnotations>;

export const NO_ANNOTATIONS: RunAnnotations = { name: "", tags: [], notes: [] };

/** One change, so that those of two windows do not undo each other. A note with a new id is added. */
export const annotationChange = z.discriminatedUnion("set", [
  z.strictObject({ set: z.literal("name"), name }),
  z.strictObject({ set: z.literal("tags"), tags }),
  z.strictObject({ set: z.literal("note"), id: z.uuid(), atMs, text }),
  z.strictObject({ set: z.literal("no note"), id: z.uuid() }),
]);
export type AnnotationChange = z.infer<typeof annotationChange>;

/** Undefined when there are too many notes. */
export function annotated(before: RunAnnotations, change: AnnotationChange, nowMs: number): RunAnnotations | undefined {
  if (change.set === "name") return { ...before, name: change.name };
  if (change.set === "tags") return { ...before, tags: change.tags };
  const others = before.notes.filter(({ id }) => id !== change.id);
  if (change.set === "no note") return { ...before, notes: others };
  if (others.length >= ANNOTATION_LIMITS.notes) return undefined;
  const { id, atMs, text } = change;
  const notes = [...others, { id, atMs, text, writtenWallMs: nowMs }];
  return { ...before, notes: notes.sort((one, other) => (one.atMs ?? -1) - (other.atMs ?? -1)) };
}

export function hasAnnotations({ name, tags, notes }: RunAnnotations): boolean {
  return name !== "" || tags.length > 0 || notes.length > 0;
}

/** All texts, changed by a function, such as a redaction. */
export function mapTexts({ name, tags, notes }: RunAnnotations, change: (text: string) => string): RunAnnotations {
  return {
    name: change(name),
    tags: tags.map(change),
    notes: notes.map((note) => ({ ...note, text: change(note.text) })),
  };
}
