/** The style sheet of summaries, which loads nothing and applies to nothing else in the page. */
export const SUMMARY_STYLE = `
body { margin: 0; }
@page { size: landscape; margin: 12mm; }
#summary {
  --page: light-dark(#f6f7f9, #14161a); --card: light-dark(#ffffff, #1c1f25); --ink: light-dark(#1a1d21, #e9ecef); --soft: light-dark(#5c6570, #9aa4b0); --line: light-dark(#e2e5ea, #2d323a);
  --good: light-dark(#2b8a3e, #69db7c); --bad: light-dark(#c92a2a, #ff8787); --limit: light-dark(#c4500c, #ffa94d); --idle: light-dark(#868e96, #adb5bd);
  --good-bar: light-dark(#8ce99a, #2b6a38); --bad-bar: light-dark(#ffa8a8, #8f2f2f); --wait-bar: light-dark(#ffe066, #7a6110); --limit-bar: light-dark(#ffc078, #8a4a12);
  --changed-bar: light-dark(#a5d8ff, #1d4f7c); --idle-bar: light-dark(#d5dae0, #434a54); --fault-bar: light-dark(#faa2c1, #8a2350);
  padding: 32px max(24px, 50vw - 660px) 48px; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
* { box-sizing: border-box; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 17px; margin: 0 0 14px; }
p { margin: 0 0 8px; }
code, td.mono { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: 22px 24px; margin-bottom: 18px; }
.head { display: flex; gap: 26px; align-items: flex-start; border-left: 6px solid var(--idle); }
.head.good { border-left-color: var(--good); } .head.bad { border-left-color: var(--bad); } .head.limit { border-left-color: var(--limit); }
.head > div:last-child { min-width: 0; flex: 1; }
.verdict { flex: none; min-width: 132px; text-align: center; padding: 10px 18px; border-radius: 10px; font-weight: 700; font-size: 21px; letter-spacing: 0.02em; background: var(--idle-bar); }
.verdict small { display: block; font-size: 13px; font-weight: 500; letter-spacing: 0; }
.verdict.good { background: var(--good-bar); } .verdict.bad { background: var(--bad-bar); } .verdict.limit { background: var(--limit-bar); }
.headline { font-size: 20px; font-weight: 600; margin: 8px 0; overflow-wrap: anywhere; }
.told { font-size: 20px; line-height: 1.45; } .told p { margin: 0 0 10px; } .told ol { margin: 0 0 10px; padding-left: 26px; }
.told i { color: var(--soft); font-size: 14px; font-style: normal; font-variant-numeric: tabular-nums; }
.soft { color: var(--soft); }
.facts { display: flex; flex-wrap: wrap; gap: 4px 22px; margin: 12px 0 0; padding: 0; list-style: none; color: var(--soft); font-size: 13px; }
.facts b { color: var(--ink); font-weight: 600; }
.tag { display: inline-block; padding: 0 9px; border: 1px solid var(--line); border-radius: 99px; font-size: 12px; color: var(--soft); margin-right: 4px; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 600; font-size: 12px; color: var(--soft); padding: 0 14px 8px 0; white-space: nowrap; }
td { padding: 8px 14px 8px 0; border-top: 1px solid var(--line); vertical-align: top; overflow-wrap: break-word; unicode-bidi: isolate; }
td.mono { overflow-wrap: anywhere; min-width: 180px; }
td.note { white-space: pre-wrap; }
td.time { white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; }
td.name { white-space: nowrap; font-weight: 600; }
.chip { color: var(--ink); display: inline-block; padding: 0 9px; border-radius: 6px; font-weight: 600; font-size: 13px; white-space: nowrap; background: var(--idle-bar); }
.chip.good { background: var(--good-bar); } .chip.bad { background: var(--bad-bar); } .chip.wait { background: var(--wait-bar); }
.chip.limit { background: var(--limit-bar); } .chip.changed { background: var(--changed-bar); } .chip.fault { background: var(--fault-bar); }
ul.plain { margin: 0; padding-left: 20px; }
footer { color: var(--soft); font-size: 12px; text-align: center; margin-top: 26px; }
@media (max-width: 700px) { .head { flex-direction: column; gap: 14px; } }
@media print {
  padding: 0; background: none; color-scheme: light;
  .card { break-inside: avoid; border-color: #bbb; padding: 14px 16px; } .long { break-inside: auto; }
  article + article { break-before: page; } tr { break-inside: avoid; } .wide { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
}
`;
