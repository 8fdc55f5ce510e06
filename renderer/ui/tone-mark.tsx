import type { ReactNode } from "react";
import type { Tone } from "../../electron/model/tone.ts";
import classes from "./tone-mark.module.css";

/** A word in the colour of its tone; readable without colours. */
export function ToneWord({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <span className={classes.word} style={{ color: `var(${toneVariable(tone)})` }}>
      {children}
    </span>
  );
}

export function ToneBadge({ tone, children, title }: { tone: Tone; children: ReactNode; title?: string | undefined }) {
  return (
    <span
      className={classes.badge}
      title={title}
      style={{ color: `var(${toneVariable(tone)})`, background: `var(${toneVariable(tone, "soft-")})` }}
    >
      {children}
    </span>
  );
}

export function ToneDot({ tone, title }: { tone: Tone; title?: string }) {
  return <span className={classes.dot} title={title} style={{ background: `var(${toneVariable(tone)})` }} />;
}

export function toneVariable(tone: Tone, kind: "" | "soft-" = ""): string {
  return `--tone-${kind}${tone.replaceAll("_", "-").toLowerCase()}`;
}
