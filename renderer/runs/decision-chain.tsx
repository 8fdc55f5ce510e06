import type { Span } from "../../electron/model/span.ts";
import { toneOfCall } from "../../electron/model/tone.ts";
import { ToneWord } from "../ui/tone-mark.tsx";
import classes from "./decision-chain.module.css";

/** `create_refund → approvalRequired → expired`, each decision in its colour; the outcome if there is no decision. */
export function DecisionChain({ call: { name, status, attributes } }: { call: Span<"call"> }) {
  const decided = attributes.decisions.map(({ event }) => event.decision);
  const verdicts = decided.length === 0 ? [status] : decided;
  return (
    <span className={classes.chain}>
      <code>{name}</code>
      {verdicts.map((verdict, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a chain only grows at its end
        <span key={place}>
          <span className={classes.arrow}>→</span> <ToneWord tone={toneOfCall(verdict)}>{verdict}</ToneWord>
        </span>
      ))}
    </span>
  );
}
