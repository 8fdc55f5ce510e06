import type { Invocation } from "./invocation.ts";

/** Turns as an eval set of the Agent Development Kit with one case, which expects what they were. */
export function expectedSet(id: string, name: string, invocations: readonly Invocation[]): string {
  const content = (role: string, text: string) => ({ role, parts: [{ text }] });
  const set = {
    eval_set_id: id,
    name,
    eval_cases: [
      {
        eval_id: `${id}_1`,
        conversation: invocations.map(({ id: invocation, userText, finalResponse, toolUses }) => ({
          invocation_id: invocation,
          user_content: content("user", userText),
          final_response: content("model", finalResponse),
          intermediate_data: {
            tool_uses: toolUses.map((use) => ({
              name: use.name,
              args: use.arguments,
              ...(use.id === undefined ? {} : { id: use.id }),
            })),
            intermediate_responses: [],
          },
        })),
      },
    ],
  };
  return `${JSON.stringify(set, null, 2)}\n`;
}
