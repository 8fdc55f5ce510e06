/**
 * Words that must not come back, and what to write in their place: `npm run check:language`. Everything that people read
 * is looked at: code with its names, strings, JSX texts and comments, the shipped scenarios, and the guides.
 */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

interface Rule {
  not: RegExp;
  /** What to write. */
  but: string;
  /** Only in files whose path matches. */
  in?: RegExp;
}

export const RULES: readonly Rule[] = [
  { not: /\bput(?:s|ting)? (?:[\w']+ ){0,3}?back\b/gi, but: "restore, roll back" },
  { not: /\b(?:un)?mend(?:s|ed|ing)?\b|Mend(?:s|ed|ing)?(?![a-z])/g, but: "restore, recover, fix" },
  { not: /\b[Cc]ures?\b|[a-z]Cures?\b/g, but: "hint" },
  { not: /[a-z](?:Desk|Keeper|Book|Workbench)\b|\b(?:desk|keeper|workbench)\b/g, but: "service, controller, registry" },
  { not: /\b(?:takeHold|letGo|holderOf)\b|[a-z]Holder\b/g, but: "acquireLock, release, lock owner" },
  { not: /\b[Aa]im(?:s|ed|ing|Of|In|At)?\b|[a-z]Aim\b/g, but: "target; goal, of a figure" },
  { not: /\b[Ll]ife\b(?![ -]cycle)|[a-z]Life\b/g, but: "instance" },
  { not: /\bwish(?:es|ed)?\b/gi, but: "request, options" },
  { not: /\bin vain\b|InVain\b|inVain\b/g, but: "failed, timed out" },
  { not: /\bfound up\b|foundUp\b/gi, but: "attached" },
  { not: /\bby hand\b|byHand\b/gi, but: "manual" },
  { not: /\bleft over\b|leftOver\b/gi, but: "orphaned" },
  { not: /\bLOOK(?:S|ING)?_|lookNow\b|#look\b|\blook(?:s|ed|ing)? whether\b/g, but: "probe, check" },
  { not: /\bfore(?:see|sees|seen|saw)\b|Foreseen\b/gi, but: "preview, predict" },
  { not: /[a-z]Outline\b|\bOutline\b|\boutline(?:Of|s)\b/g, but: "preview", in: /^(?:electron|renderer)\// },
  { not: /\bstand-?ins?\b|StandIn\b/gi, but: "replacement", in: /^electron\/lab\/stacks\// },
  { not: /\b(?:put|set) aside\b|[sS]etAside/g, but: "moved to; swapped" },
  { not: /\bnot (?:yet )?begun\b/gi, but: "not started" },
  { not: /\b(?:run|session) is on\b/gi, but: "is in progress" },
  { not: /\bdoes(?: not|n't) hold\b/gi, but: "failed" },
  { not: /\bis like that\b|\bhas these words\b/gi, but: "No matches" },
  { not: /\brobbed\b/gi, but: "dropped" },
  { not: /\bhits? nothing\b/gi, but: "had no effect" },
  { not: /\bbeg(?:i|u)ns? anew\b|\banew\b/gi, but: "start over, again" },
  { not: /\blike the system\b/gi, but: "System" },
  {
    not: /\b(?:[Tt]ell|tells|Tells|told|Told|telling) of\b|\btell[A-Z]\w*|[a-z]Told(?![a-z])\w*|#told\w*/g,
    but: "report, notify, log",
  },
  { not: /\bgets? well\b|\bis well again\b/gi, but: "becomes healthy" },
];

export function findingsIn(text: string, path: string): { line: number; found: string; but: string }[] {
  return text
    .split("\n")
    .flatMap((line, at) =>
      RULES.filter((rule) => rule.in === undefined || rule.in.test(path)).flatMap(({ not, but }) =>
        [...line.matchAll(not)].map(([found]) => ({ line: at + 1, found, but })),
      ),
    );
}

const READ = /\.(?:tsx?|mjs|cjs|md|ya?ml|html|sql)$/;
const SELF = /^\.language\.ts$|^electron\/language\.test\.ts$/;

if (import.meta.filename === process.argv[1]) {
  const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], { encoding: "utf8" }).split("\n");
  const read = tracked.filter((path) => READ.test(path) && !SELF.test(path));
  let count = 0;
  for (const path of read) {
    for (const { line, found, but } of findingsIn(readFileSync(path, "utf8"), path)) {
      count++;
      console.error(`${path}:${line}: "${found}": write ${but}`);
    }
  }
  console.log(`${count} words in ${read.length} files that must not come back`);
  process.exitCode = count === 0 ? 0 : 1;
}
