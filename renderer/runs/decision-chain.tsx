import type { Decision } from "../../electron/model/lab-event.ts";
import { ToneWord } from "../app/tone-mark.tsx";
import classes from "./decision-chain.module.css";

/** `create_refund → approvalRequired → expired`, each decision in its colour. */
export function DecisionChain({ tool, decisions }: { tool: string; decisions: readonly Decision[] }) {
  return (
    <span className={classes.chain}>
      <code>{tool}</code>
      {decisions.map((decision, place) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a chain only grows at its end
        <span key={place}>
          <span className={classes.arrow}>→</span> <ToneWord tone={decision}>{decision}</ToneWord>
        </span>
      ))}
    </span>
  );
}
