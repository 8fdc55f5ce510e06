import { z } from "zod";

/** A column of text, empty where the gateway has nothing to say. */
export const rowText = z
  .string()
  .nullish()
  .transform((value) => value ?? "");
