import classes from "./json-block.module.css";

const LIMIT = 20_000;

/** A value as JSON. Always as text: a tool's answer must not become markup. */
export function JsonBlock({ value, label }: { value: unknown; label: string }) {
  const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? "nothing");
  const isCut = text.length > LIMIT;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: scrollable content must be reachable by keyboard
    <section className={classes.json} tabIndex={0} aria-label={label}>
      <pre>{isCut ? `${text.slice(0, LIMIT)}\n… ${text.length - LIMIT} more characters` : text}</pre>
    </section>
  );
}
