/** The report's complete style sheet: it loads no font, image or other style sheet. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f6f7f9; --card: #ffffff; --ink: #1a1d21; --soft: #5c6570; --line: #e2e5ea; --shade: #d6336c12;
  --good: #2b8a3e; --bad: #c92a2a; --wait: #b07800; --limit: #c4500c; --changed: #1864ab; --idle: #868e96; --work: #5f6fb0; --fault: #c2255c;
  --good-bar: #8ce99a; --bad-bar: #ffa8a8; --wait-bar: #ffe066; --limit-bar: #ffc078; --changed-bar: #a5d8ff; --idle-bar: #d5dae0; --work-bar: #c5cdf5; --fault-bar: #faa2c1;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14161a; --card: #1c1f25; --ink: #e9ecef; --soft: #9aa4b0; --line: #2d323a; --shade: #f0659514;
    --good: #69db7c; --bad: #ff8787; --wait: #ffd43b; --limit: #ffa94d; --changed: #74c0fc; --idle: #adb5bd; --work: #a5b4fc; --fault: #f783ac;
    --good-bar: #2b6a38; --bad-bar: #8f2f2f; --wait-bar: #7a6110; --limit-bar: #8a4a12; --changed-bar: #1d4f7c; --idle-bar: #434a54; --work-bar: #3c4783; --fault-bar: #8a2350;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 1320px; margin: 0 auto; padding: 32px 24px 48px; }
h1 { font-size: 27px; line-height: 1.25; margin: 0 0 6px; letter-spacing: -0.01em; }
h2 { font-size: 17px; margin: 0 0 14px; }
p { margin: 0 0 8px; }
code, td.mono, .logs { font: 13px/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
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
td.time { white-space: nowrap; color: var(--soft); font-variant-numeric: tabular-nums; }
td.name { white-space: nowrap; font-weight: 600; }
.chip { color: var(--ink); display: inline-block; padding: 0 9px; border-radius: 6px; font-weight: 600; font-size: 13px; white-space: nowrap; background: var(--idle-bar); }
.chip.good { background: var(--good-bar); } .chip.bad { background: var(--bad-bar); } .chip.wait { background: var(--wait-bar); }
.chip.limit { background: var(--limit-bar); } .chip.changed { background: var(--changed-bar); } .chip.fault { background: var(--fault-bar); }
ul.plain { margin: 0; padding-left: 20px; }
details:not(.brief) > summary { cursor: pointer; font-weight: 600; font-size: 17px; }
.logs { margin: 14px 0 0; white-space: pre-wrap; overflow-wrap: anywhere; max-height: 480px; overflow-y: auto; }
.logs i { color: var(--soft); font-style: normal; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 16px; font-size: 12px; color: var(--soft); margin: 0 0 12px; }
.legend span::before { content: ""; display: inline-block; width: 12px; height: 12px; border-radius: 3px; margin-right: 6px; vertical-align: -2px; background: var(--idle-bar); }
.legend .good::before { background: var(--good-bar); } .legend .bad::before { background: var(--bad-bar); } .legend .wait::before { background: var(--wait-bar); }
.legend .limit::before { background: var(--limit-bar); } .legend .changed::before { background: var(--changed-bar); } .legend .fault::before { background: var(--fault-bar); }
#readout { min-height: 21px; margin: 10px 0 0; font-size: 13px; color: var(--soft); font-variant-numeric: tabular-nums; white-space: pre-line; }
footer { color: var(--soft); font-size: 12px; text-align: center; margin-top: 26px; }
svg { display: block; width: 100%; min-width: 860px; height: auto; font: 11.5px system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
svg text { fill: var(--ink); } svg .ground { fill: none; }
svg .heading { font-weight: 700; font-size: 11px; letter-spacing: 0.06em; text-transform: uppercase; fill: var(--soft); }
svg .label { text-anchor: end; fill: var(--soft); } svg .axis, svg .note { fill: var(--soft); font-size: 10.5px; }
svg .before { text-anchor: end; } svg .guide { stroke: var(--line); stroke-opacity: 0.6; } svg .tick { stroke: var(--line); } svg .shade { fill: var(--shade); }
svg .bar { stroke-width: 1; } svg .good { fill: var(--good-bar); stroke: var(--good); } svg .bad { fill: var(--bad-bar); stroke: var(--bad); }
svg .wait { fill: var(--wait-bar); stroke: var(--wait); } svg .limit { fill: var(--limit-bar); stroke: var(--limit); } svg .changed { fill: var(--changed-bar); stroke: var(--changed); }
svg .idle { fill: var(--idle-bar); stroke: var(--idle); } svg .work { fill: var(--work-bar); stroke: var(--work); } svg .fault { fill: var(--fault-bar); stroke: var(--fault); }
svg .bar { stroke-opacity: 0.55; } svg .mark:hover .bar { stroke-opacity: 1; stroke-width: 2; }
#cursor { stroke: var(--ink); stroke-opacity: 0.5; stroke-dasharray: 3 3; visibility: hidden; pointer-events: none; } #cursor.on { visibility: visible; }
@media (max-width: 700px) { .head { flex-direction: column; gap: 14px; } main { padding: 16px 10px 32px; } }
@media print {
  :root { color-scheme: light; --page: #fff; --card: #fff; --ink: #000; --soft: #444; --line: #ccc; --shade: #d6336c12;
    --good: #2b8a3e; --bad: #c92a2a; --wait: #b07800; --limit: #c4500c; --changed: #1864ab; --idle: #868e96; --work: #5f6fb0; --fault: #c2255c;
    --good-bar: #8ce99a; --bad-bar: #ffa8a8; --wait-bar: #ffe066; --limit-bar: #ffc078; --changed-bar: #a5d8ff; --idle-bar: #d5dae0; --work-bar: #c5cdf5; --fault-bar: #faa2c1; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main { padding: 0; max-width: none; } .card { break-inside: avoid; border-color: #bbb; padding: 14px 16px; } .long { break-inside: auto; }
  tr { break-inside: avoid; } svg { min-width: 0; } .wide { overflow: visible; } #readout, #cursor, .logs-card { display: none; }
  @page { size: landscape; margin: 12mm; }
}
`;

/** Shows what is under the pointer. The same data is in the page, for readers without scripts. */
export const REPORT_SCRIPT = `
const svg = document.getElementById("timeline");
const cursor = document.getElementById("cursor");
const readout = document.getElementById("readout");
const { left, plot, ms, width } = Object.fromEntries(Object.entries(svg.dataset).map(([key, value]) => [key, Number(value)]));
const shownTime = (at) => (at < 1000 ? Math.round(at) + " ms" : (at / 1000).toFixed(2) + " s");
svg.addEventListener("pointermove", (event) => {
  const box = svg.getBoundingClientRect();
  const x = ((event.clientX - box.left) / box.width) * width;
  const isOn = x >= left && x <= left + plot;
  cursor.classList.toggle("on", isOn);
  cursor.setAttribute("x1", x);
  cursor.setAttribute("x2", x);
  const title = event.target.closest(".mark")?.querySelector("title")?.textContent;
  readout.textContent = isOn ? shownTime(((x - left) / plot) * ms) + (title ? "   " + title.replaceAll("\\n", "  ·  ") : "") : "";
});
svg.addEventListener("pointerleave", () => {
  cursor.classList.remove("on");
  readout.textContent = "";
});
`;
