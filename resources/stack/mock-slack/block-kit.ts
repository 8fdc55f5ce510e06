import { isObject, parseJson } from "../http/json.ts";

/** The part of Block Kit that the mock interprets: a message's buttons. Everything else is passed through unchanged. */
export type Block = Readonly<Record<string, unknown>>;

export interface Button {
  actionId: string;
  blockId: string;
  value: string;
  /** As posted, for the payload of a click. */
  element: Readonly<Record<string, unknown>>;
}

/** Blocks arrive as an array, or as JSON text in a form. Undefined if they are neither. */
export function readBlocks(value: unknown): Block[] | undefined {
  if (value === undefined || value === null || value === "") return [];
  if (typeof value === "string") {
    const parsed = parseJson(value);
    return parsed === undefined ? undefined : readBlocks(parsed);
  }
  return Array.isArray(value) && value.every(isObject) ? value : undefined;
}

export function buttonsOf(blocks: readonly Block[]): Button[] {
  return blocks.flatMap((block, index) => {
    const elements = block.type === "actions" && Array.isArray(block.elements) ? block.elements.filter(isObject) : [];
    return elements
      .filter((element) => element.type === "button" && typeof element.action_id === "string")
      .map((element) => ({
        actionId: String(element.action_id),
        blockId: typeof block.block_id === "string" ? block.block_id : `block-${index}`,
        value: typeof element.value === "string" ? element.value : "",
        element,
      }));
  });
}
