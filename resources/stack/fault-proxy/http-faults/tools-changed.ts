/** Rewrites a server's tools/list: removes tools, adds tools, appends to their descriptions. */
import { isObject, parseJson } from "../../http/json.ts";
import { eventData, eventLines } from "../parsing/event-splitter.ts";
import type { Attributes } from "../toxics/attributes.ts";
import { PassingFault } from "./reply-fault.ts";

export class ToolsChanged extends PassingFault {
  override get keepsLength(): boolean {
    return false;
  }

  override get needsWhole(): boolean {
    return true;
  }

  override unit(payload: Buffer): void {
    const { head, output } = this.context;
    const changed = head.isEventStream ? this.#event(payload) : this.#json(payload.toString());
    if (changed !== undefined) output.hit("tools/list changed");
    output.emit(changed === undefined ? payload : Buffer.from(changed));
  }

  #event(payload: Buffer): string | undefined {
    const changed = this.#json(eventData(payload) ?? "");
    if (changed === undefined) return undefined;
    const others = eventLines(payload).filter((line) => line !== "" && !line.startsWith("data:"));
    return `${[...others, `data: ${changed}`].join("\n")}\n\n`;
  }

  #json(text: string): string | undefined {
    const message = parseJson(text);
    if (!isObject(message) || !isObject(message.result) || !Array.isArray(message.result.tools)) return undefined;
    const tools = changedTools(message.result.tools, this.context.toxic.attributes);
    return JSON.stringify({ ...message, result: { ...message.result, tools } });
  }
}

export function changedTools(tools: readonly unknown[], attributes: Attributes): unknown[] {
  const removed = attributes.remove as readonly string[];
  const added = attributes.add as readonly Record<string, unknown>[];
  const text = String(attributes.describe);
  const kept = tools.filter((tool) => !(isObject(tool) && removed.includes(String(tool.name))));
  const described = kept.map((tool) => {
    if (text === "" || !isObject(tool)) return tool;
    return { ...tool, description: [tool.description, text].filter(Boolean).join(" ") };
  });
  const complete = added.map((tool) => ({ inputSchema: { type: "object" }, ...tool }));
  return [...described, ...complete];
}
