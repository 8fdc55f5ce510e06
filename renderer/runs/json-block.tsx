import classes from "./json-block.module.css";

const LIMIT = 20_000;

/** A value as JSON. Always as text: what a tool has answered is no markup of this page. */
export function JsonBlock({ value, label }: { value: unknown; label: string }) {
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "nothing");
  const isCut = text.length > LIMIT;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section className={classes.json} tabIndex={0} aria-label={label}>
      <pre>{isCut ? `${text.slice(0, LIMIT)}\n… ${text.length - LIMIT} characters more` : text}</pre>
    </section>
  );
}
