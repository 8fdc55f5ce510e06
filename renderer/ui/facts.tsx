import { Fragment, type ReactNode } from "react";
import { BriefText } from "./brief-text.tsx";
import classes from "./facts.module.css";

/** A list of names and values; long texts are shown in brief. */
export function Facts({ facts }: { facts: readonly (readonly [string, ReactNode])[] }) {
  return (
    <dl className={classes.facts}>
      {facts.map(([name, value]) => (
        <Fragment key={name}>
          <dt>{name}</dt>
          <dd>{typeof value === "string" ? <BriefText text={value} of={name} /> : value}</dd>
        </Fragment>
      ))}
    </dl>
  );
}
