import { RandomText } from "./random-text.ts";

const WORDS =
  "the run was started and its gateway answered after a while since the server had been stopped manually".split(" ");
const FOLDERS = [
  "usr",
  "lib",
  "src",
  "node_modules",
  "electron",
  "lab",
  "Users",
  "home",
  "build",
  "resources",
  "Stack2",
];

/** Ordinary values of arguments, results and logs that are not secrets. */
const KINDS: readonly ((r: RandomText) => string)[] = [
  (r) => uuid(r),
  (r) => r.of("hex", 40),
  (r) => `commit ${r.of("hex", 7)} of ${r.of("hex", 40)}`,
  (r) => `sha256:${r.of("hex", 64)}`,
  (r) => `image registry.example.com/team/app@sha256:${r.of("hex", 64)}`,
  (r) => `sha512-${r.of("base64", 86)}==`,
  (r) => r.of("hex", 32),
  (r) => `00-${r.of("hex", 32)}-${r.of("hex", 16)}-01`,
  (r) => `data:image/png;base64,iVBORw0KGgo${r.of("base64", 400 + r.below(300))}==`,
  (r) =>
    `/${Array.from({ length: 2 + r.below(6) }, () => r.pick(FOLDERS)).join("/")}/${r.of("lower", 6)}-${r.of("lower", 5)}.ts:${r.below(400)}:${r.below(80)}`,
  (r) => `C:\\Users\\${r.of("lower", 5)}\\AppData\\Local\\${r.of("lower", 8)}\\${r.of("lower", 6)}.log`,
  (r) => `${Array.from({ length: 5 + r.below(12) }, () => r.pick(WORDS)).join(" ")}.`,
  (r) =>
    r.pick([
      "The password is wrong.",
      "the password is required",
      "a token is missing",
      "password must have 12 characters",
      "The password was changed yesterday",
      "enter your password",
      "Your secret was rotated 3 days ago",
      "tokens: 1200 of 4096",
    ]),
  (r) => `$${r.below(100_000)}.${r.of("digits", 2)}`,
  (r) => `{"amount":${r.below(1_000_000)},"currency":"usd","status":"succeeded"}`,
  (r) => `ch_${r.of("alnum", 24)}`,
  (r) => `{"id":"ch_${1000 + r.below(9000)}","customer":"cus_${r.of("alnum", 14)}","refunded":false}`,
  (r) => `re_${r.of("lowerAlnum", 10)} of pi_${r.of("alnum", 24)}`,
  (r) => `20${10 + r.below(20)}-${pad(1 + r.below(12))}-${pad(1 + r.below(28))}`,
  (r) =>
    `20${10 + r.below(20)}-${pad(1 + r.below(12))}-${pad(1 + r.below(28))}T${pad(r.below(24))}:${pad(r.below(60))}:${pad(r.below(60))}.${r.of("digits", 3)}Z`,
  (r) => String(1_600_000_000_000 + r.below(400_000_000_000)),
  (r) =>
    `https://docs.example.com/${r.of("lower", 6)}/${r.of("lowerAlnum", 10)}?page=${r.below(90)}&sort=${r.of("lower", 4)}#${r.of("lower", 5)}`,
  (r) => `http://127.0.0.1:${10_000 + r.below(50_000)}/mcp`,
  (r) => `${r.of("lower", 6)}@${r.below(20)}.${r.below(30)}.${r.below(40)}`,
  (r) => `@scope/${r.of("lower", 7)}@^${r.below(20)}.${r.below(30)}.${r.below(40)}-beta.${r.below(9)}`,
  (r) =>
    `node v${18 + r.below(8)}.${r.below(20)}.${r.below(9)} on linux ${r.below(7)}.${r.below(20)}.0-${r.below(99)}-generic`,
  (r) => `10.${r.below(255)}.${r.below(255)}.${r.below(255)}:${r.below(65_000)}`,
  (r) => `tool call ${r.of("lower", 6)}_${r.of("lower", 7)} took ${r.below(9000)} ms (session ${uuid(r)})`,
  (r) => `GET /charges?limit=${r.below(90)} 200 ${r.below(900)} - ${r.below(90)}.${r.of("digits", 3)} ms`,
  (r) => `ssh: git@github.com:${r.of("lower", 6)}/${r.of("lower", 8)}.git`,
  (r) =>
    `at Object.${r.of("lower", 6)}Handler${r.below(9)} (file:///app/dist/${r.of("lower", 5)}-${r.of("upperAlnum", 8)}.js:${r.below(300)}:${r.below(90)})`,
  (r) => `{"limit":${r.below(20)},"cursor":"${r.of("lowerAlnum", 12)}","max_tokens":${r.below(4000)}}`,
  (r) =>
    `invoice INV-20${10 + r.below(20)}-${r.of("digits", 5)}, order #${r.of("digits", 9)}, tracking ${r.of("digits", 11)}`,
  (r) => `ETag: W/"${r.of("hex", 4)}-${r.of("base64", 27)}"`,
  (r) => `icon-${r.of("lower", 5)}@2x.png`,
];

function uuid(r: RandomText): string {
  return [8, 4, 4, 4, 12].map((length) => r.of("hex", length)).join("-");
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}

export function ordinaryValues(count: number, seed: number): string[] {
  const random = new RandomText(seed);
  return Array.from({ length: count }, (_, index) =>
    (KINDS[index % KINDS.length] as (r: RandomText) => string)(random),
  );
}
