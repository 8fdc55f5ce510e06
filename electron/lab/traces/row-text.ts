import { z } from "zod";

/** A text column; empty for null. */
export const rowText = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
