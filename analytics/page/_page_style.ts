// This module is browser compatible.

/** The colours of lines and bars, which stay apart for the colour-blind: in light, and in dark. */
export const SERIES_COLORS = {
  light: ["#2a3fc4", "#d0651a", "#1fa097", "#55123f", "#6e5308", "#aa66ea"],
  dark: ["#4a82f2", "#f1842a", "#74f4e6", "#b5648f", "#f0e442", "#bca8dd"],
} as const;

/** How much of the accent is in a shaded cell, in percent, from none to the most. */
const SHADES = [0, 12, 26, 42, 78, 100];

function seriesStyle(): string {
  const { light, dark } = SERIES_COLORS;
  const values = light.map((color, i) =>
    `  --c${i}: light-dark(${color}, ${dark[i]});`
  );
  const uses = light.map((_, i) =>
    `[data-color="${i}"] { --own: var(--c${i}); }`
  );
  const shades = SHADES.map((share, i) =>
    `[data-level="${i}"] { --shade: ${
      share === 0
        ? "transparent"
        : `color-mix(in oklab, var(--heat) ${share}%, var(--card))`
    }; --ink: var(${share > 60 ? "--on-heat" : "--text"}); }`
  );
  return [":root {", ...values, "}", ...uses, ...shades].join("\n");
}

/** The style of the page. What is dark and what is light is the reader's choice. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: light-dark(#f5f6f8, #0e1014);
  --card: light-dark(#ffffff, #171a20);
  --well: light-dark(#eef0f4, #21252d);
  --line: light-dark(#dfe2e8, #2b303a);
  --control: light-dark(#868d9b, #6b7385);
  --text: light-dark(#14171d, #e8eaf0);
  --soft: light-dark(#565d6b, #a0a8b8);
  --accent: light-dark(#2a3fc4, #8aa6ff);
  --on-accent: light-dark(#ffffff, #0e1014);
  --heat: light-dark(#2438a8, #9db5ff);
  --on-heat: light-dark(#ffffff, #0e1014);
  --good: light-dark(#146c3f, #5fd394);
  --bad: light-dark(#b0241c, #ff9289);
  --radius: .625rem;
}
:root[data-theme="light"] { color-scheme: light; }
:root[data-theme="dark"] { color-scheme: dark; }
${seriesStyle()}
[data-color="rest"] { --own: var(--control); }
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; scroll-padding-top: 6rem; }
body {
  margin: 0;
  padding-bottom: 3rem;
  background: var(--page);
  color: var(--text);
  font: .9375rem/1.45 system-ui, sans-serif;
  font-variant-numeric: tabular-nums;
}
header {
  z-index: 2;
  border-bottom: 1px solid var(--line);
  background: var(--card);
}
.top, .filters, main { max-width: 92rem; margin-inline: auto; padding-inline: 1.5rem; }
.top { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; padding-top: .75rem; }
h1 { margin: 0; font-size: 1.25rem; line-height: 1.3; letter-spacing: -.01em; }
h2 { margin: 0; font-size: 1.0625rem; line-height: 1.3; letter-spacing: -.005em; }
h3 { margin: 0; font-size: .9375rem; line-height: 1.35; }
section { margin-top: 1.75rem; }
.status { display: flex; flex: 1; align-items: center; gap: .6rem; min-width: 0; }
.state {
  display: inline-flex;
  align-items: center;
  gap: .4rem;
  color: var(--soft);
  font-size: .8125rem;
  font-weight: 600;
}
.state::before {
  content: "";
  width: .5rem;
  height: .5rem;
  border-radius: 50%;
  background: currentColor;
}
.state[data-state="live"] { color: var(--good); }
.state[data-state="offline"] { color: var(--bad); }
.state[data-state="offline"]::before { border-radius: 0; }
.updated, .about { color: var(--soft); font-size: .8125rem; }
.about { margin: 0; }
.over { display: flex; flex-wrap: wrap; align-items: baseline; gap: .1rem 1rem; }
.over :focus { outline: none; }

/* Controls */
.filters { display: flex; flex-wrap: wrap; align-items: end; gap: .6rem .9rem; padding-block: .6rem .75rem; }
label > span:first-child, legend { color: var(--soft); font-size: .75rem; }
.filters label > span:first-child, .choices label > span:first-child, legend { display: block; margin-bottom: .15rem; padding: 0; }
select, input, button {
  min-height: 2.25rem;
  border: 1px solid var(--control);
  border-radius: .4rem;
  background: var(--card);
  color: var(--text);
  font: inherit;
}
select, input { max-width: 100%; padding: 0 .55rem; }
.filters select { width: 11rem; text-overflow: ellipsis; }
button { padding: 0 .9rem; cursor: pointer; }
button:hover:not(:disabled) { background: var(--well); }
button:disabled { color: var(--soft); border-color: var(--line); cursor: default; }
.small { min-height: 2rem; padding: 0 .65rem; border-color: var(--line); font-size: .8125rem; }
.small[aria-expanded="true"] { border-color: var(--accent); color: var(--accent); }
button.main { border-color: var(--accent); background: var(--accent); color: var(--on-accent); }
button.main:hover { background: var(--accent); text-decoration: underline; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.ranges { min-width: 0; margin: 0; padding: 0; border: 0; }
.ranges > div { display: flex; border: 1px solid var(--control); border-radius: .4rem; }
.ranges label { position: relative; flex: 1; }
.ranges input { position: absolute; inset: 0; width: 100%; min-height: 0; margin: 0; opacity: 0; cursor: pointer; }
.ranges label > span:first-of-type {
  display: grid;
  place-items: center;
  min-height: 2.125rem;
  margin: 0;
  padding: 0 .7rem;
  border-radius: .3rem;
  color: var(--text);
  font-size: .875rem;
  white-space: nowrap;
}
.ranges label + label { border-inline-start: 1px solid var(--line); }
.ranges input:checked + span { background: var(--accent); color: var(--on-accent); font-weight: 600; }
.ranges input:focus-visible + span { outline: 2px solid var(--accent); outline-offset: 2px; }
.dates { display: flex; gap: .6rem; }
.skip { position: absolute; z-index: 3; top: .5rem; left: .5rem; }
.skip:not(:focus) { clip-path: inset(50%); width: 1px; height: 1px; min-height: 0; padding: 0; border: 0; overflow: hidden; }
.note {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: .5rem 1rem;
  margin: 1rem 0 0;
  padding: .6rem .9rem;
  border: 1px solid var(--bad);
  border-radius: var(--radius);
  background: var(--card);
}
.note p { margin: 0; }
.problem { margin: .5rem 0 0; color: var(--bad); font-size: .875rem; }
.welcome { padding: 1rem 1.1rem; border: 1px solid var(--accent); border-radius: var(--radius); background: var(--card); }
.welcome p { max-width: 60rem; margin: .35rem 0 0; }
code { font: .9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
.problem:empty { display: none; }

/* Figures */
.figures {
  display: grid;
  grid-template-columns: repeat(6, minmax(0, 1fr));
  margin: .75rem 0 0;
  border: 1px solid var(--line);
  border-radius: var(--radius);
  background: var(--card);
  overflow: hidden;
}
.figures > div { padding: .85rem 1rem .75rem; box-shadow: -1px -1px 0 var(--line); }
dt { color: var(--soft); font-size: .8125rem; }
dd { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 .6rem; margin: 0; }
.figure { font-size: 1.625rem; font-weight: 650; line-height: 1.35; letter-spacing: -.02em; white-space: nowrap; }
.change { color: var(--soft); font-size: .8125rem; font-weight: 600; white-space: nowrap; }
.change:empty { display: none; }
.change[data-mood="good"] { color: var(--good); }
.change[data-mood="bad"] { color: var(--bad); }
.figure, .sparkline { flex-basis: 100%; }
.sparkline { height: 1.75rem; margin-top: .4rem; }
.spark { display: block; width: 100%; height: 1.75rem; overflow: visible; }
.spark .series { stroke-width: 1.5; vector-effect: non-scaling-stroke; }
.spark line { vector-effect: non-scaling-stroke; }

/* Cards */
.cards { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 1rem; margin-top: .75rem; }
.cards + .cards { margin-top: 1rem; }
.wide { grid-column: 1 / -1; }
.card { min-width: 0; padding: 1rem 1.1rem 1.1rem; border: 1px solid var(--line); border-radius: var(--radius); background: var(--card); }
.head { display: grid; grid-template-columns: minmax(0, 1fr) auto; align-items: center; gap: .2rem .75rem; }
.head .about { grid-column: 1 / -1; overflow-wrap: anywhere; }
.actions { display: flex; gap: .4rem; }
.choices { display: flex; flex-wrap: wrap; align-items: end; gap: .5rem .75rem; margin-top: .35rem; }
.choices:empty { display: none; }
.choices label { display: flex; align-items: center; gap: .45rem; }
.choices label > span:first-child { margin: 0; }
.choices select { min-height: 2rem; font-size: .875rem; }
.chooser { flex-basis: 100%; font-size: .875rem; }
.chooser summary { width: max-content; padding: .25rem 0; color: var(--accent); cursor: pointer; }
.steps { display: grid; gap: .4rem; margin: .4rem 0; padding-inline-start: 1.5rem; }
.steps li > * { vertical-align: middle; }
.steps select { width: min(14rem, calc(100% - 5.5rem)); margin-inline-end: .4rem; }
.legend { display: flex; flex-wrap: wrap; gap: .15rem .9rem; margin: .5rem 0 0; padding: 0; list-style: none; font-size: .8125rem; }
.legend li { flex: none; max-width: 100%; overflow: hidden; padding: 2px; }
.legend li, .legend button { display: flex; align-items: center; gap: .4rem; }
.legend li > span, .legend button > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.legend button {
  min-width: 0;
  min-height: 1.75rem;
  padding: 0 .4rem;
  border-color: transparent;
  background: none;
}
.legend:has(button) { gap: 0; margin-inline-start: -.4rem; }
.legend button[aria-pressed="false"] { color: var(--soft); }
.legend button[aria-pressed="true"] { font-weight: 600; }
.key { flex: none; }
.picture { margin-top: .75rem; }
#activity .card { display: flex; flex-direction: column; }
#activity .picture { margin-top: auto; padding-top: .75rem; }
.plot { position: relative; }
.chart { display: block; width: 100%; height: auto; overflow: visible; touch-action: pan-y; }
.chart:focus-visible { outline-offset: 4px; border-radius: 2px; }
.chart text { font: 12px system-ui, sans-serif; fill: var(--text); font-variant-numeric: tabular-nums; }
.chart text.axis { fill: var(--soft); }
.chart text.value { font-weight: 600; }
.chart text.over { paint-order: stroke; stroke: var(--card); stroke-width: 5px; stroke-linejoin: round; }
.grid { stroke: var(--line); fill: none; }
path.grid { stroke: var(--control); }
.base { stroke: var(--control); }
.guide { stroke: var(--bad); stroke-dasharray: 3 3; }
.series { fill: none; stroke: var(--own); stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
.area { fill: var(--own); opacity: .1; }
.sign { fill: var(--own); stroke: var(--card); stroke-width: 1; }
.sign.open { fill: none; stroke: var(--own); stroke-width: 2; }
.bar { fill: var(--own); }
.track { fill: var(--well); }
.range { stroke: var(--own); stroke-width: 2; }
.tick { stroke: var(--card); stroke-width: 2; }
.cell { fill: var(--shade); stroke: var(--line); }
.chart text.celltext { fill: var(--ink); }
.cursor { pointer-events: none; }
.cursor line { stroke: var(--soft); }
.cursor circle, .cursor rect { fill: none; stroke: var(--text); stroke-width: 2; }
.tip {
  position: absolute;
  z-index: 1;
  top: 0;
  left: 0;
  display: grid;
  gap: .1rem;
  max-width: min(18rem, 90%);
  padding: .5rem .65rem;
  border: 1px solid var(--control);
  border-radius: .4rem;
  background: var(--card);
  box-shadow: 0 4px 16px rgb(0 0 0 / .16);
  font-size: .8125rem;
  pointer-events: none;
}
.tip > span { display: flex; justify-content: space-between; gap: 1rem; }
.tip > span::before { content: none; }
.tip > span[data-color] .name::before {
  content: "";
  display: inline-block;
  width: .6rem;
  height: .6rem;
  margin-inline-end: .4rem;
  border-radius: 2px;
  background: var(--own);
}
.tip .name { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.tip .own { font-weight: 700; }
.tip b { font-weight: 600; }
.empty { margin: .75rem 0 0; padding: 2.5rem 1rem; border-radius: .4rem; background: var(--well); color: var(--soft); text-align: center; overflow-wrap: anywhere; }
[aria-busy="true"] .picture, [aria-busy="true"] .below, [aria-busy="true"] .scroll, .figures[aria-busy="true"] dd { opacity: .45; }

/* Tables */
.scroll { max-height: 24rem; margin-top: .75rem; overflow: auto; border: 1px solid var(--line); border-radius: .4rem; }
.scroll.short { max-height: 15rem; }
table { width: 100%; border-collapse: separate; border-spacing: 0; font-size: .8125rem; }
caption { padding: .5rem .75rem; color: var(--soft); text-align: start; }
/* Of a table that is wider than the page, the caption stays in sight. */
caption span { position: sticky; left: .75rem; display: inline-block; max-width: calc(100vw - 6rem); }
th, td { padding: .35rem .75rem; border-top: 1px solid var(--line); text-align: start; vertical-align: baseline; }
th { font-weight: 600; }
tbody th { font-weight: 500; }
thead th { position: sticky; top: 0; background: var(--well); color: var(--text); white-space: nowrap; }
th[data-kind="count"], th[data-kind="share"], th[data-kind$="Ms"], th[data-kind="bytes"], td:not([data-kind="text"]) { text-align: end; }
th[data-kind="time"], th[data-kind="day"], th[data-kind="hour"], td:not([data-kind="text"]) { white-space: nowrap; }
td[data-kind="text"], th[data-kind="text"] { max-width: 24rem; overflow-wrap: break-word; }
.shade { background: var(--shade); color: var(--ink); }
#recent td:nth-child(3) { min-width: 16rem; color: var(--soft); }

dialog { width: min(26rem, calc(100% - 2rem)); padding: 1.25rem; border: 1px solid var(--control); border-radius: var(--radius); background: var(--card); color: var(--text); }
dialog::backdrop { background: rgb(0 0 0 / .5); }
dialog form { display: grid; gap: .75rem; }
dialog p { margin: 0; }
dialog input { display: block; width: 100%; margin-top: .2rem; }
dialog .actions { justify-content: end; }
.unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  margin: 0;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
@media (min-width: 70rem) and (min-height: 40rem) {
  header { position: sticky; top: 0; }
}
@media (max-width: 75rem) {
  .figures { grid-template-columns: repeat(3, minmax(0, 1fr)); }
}
@media (max-width: 60rem) {
  .cards { grid-template-columns: minmax(0, 1fr); }
}
@media (max-width: 40rem) {
  .top, .filters, main { padding-inline: 1rem; }
  h1 { flex: 1; }
  .status { order: 1; flex-basis: 100%; }
  th, td { padding-inline: .45rem; }
  .figures { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .figures > div { padding: .7rem .8rem; }
  .figure { font-size: 1.375rem; }
  .filters > * { flex: 1 1 8rem; min-width: 0; }
  .filters select { width: 100%; }
  .ranges, .dates, #games { flex-basis: 100%; }
  .ranges label > span:first-of-type { padding: 0 .2rem; font-size: .8125rem; }
  .dates label { flex: 1; min-width: 0; }
  .dates input { width: 100%; }
  .card { padding: .85rem .8rem; }
  /* Fingers need more than mice, and below 1rem a phone would zoom in on what is touched. */
  select, input, button, .small, .choices select, .ranges label > span:first-of-type { min-height: 2.75rem; }
  select, input, .choices select { font-size: 1rem; }
  .legend button { min-height: 2.25rem; }
  .chooser summary { padding: .7rem 0; }
}
@media (prefers-reduced-motion: no-preference) {
  .picture, .below, .figures dd { transition: opacity .2s; }
}
@media (forced-colors: active) {
  .ranges input:checked + span { outline: 2px solid Highlight; outline-offset: -2px; }
}
@media print {
  :root, :root[data-theme] { color-scheme: light; --page: #ffffff; }
  body { padding: 0; font-size: 10pt; }
  header { position: static; border: 0; }
  .filters, .top button, .actions, .choices, .skip, .note, .tip { display: none !important; }
  .scroll { max-height: none; overflow: visible; }
  thead th { position: static; }
  .card, .figures { break-inside: avoid; }
  * { print-color-adjust: exact; }
}
`;
