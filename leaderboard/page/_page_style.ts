// This module is browser compatible.

/** The style of the page. What is dark and what is light is the reader's choice. */
export const PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f8;
  --card: #ffffff;
  --line: #dfe2ea;
  --text: #171a21;
  --soft: #596070;
  --accent: #3452d6;
  --on-accent: #ffffff;
  --flash: #fff0b8;
  --mine: #e5eaff;
  --good: #1a7f48;
  --bad: #b3261e;
  --gold: #f2c230;
  --silver: #c3c9d4;
  --bronze: #d89a62;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1116;
    --card: #181b22;
    --line: #2b303b;
    --text: #e9ebf1;
    --soft: #9aa2b3;
    --accent: #93a8ff;
    --on-accent: #10131a;
    --flash: #4a4016;
    --mine: #232c4d;
    --good: #5bd08d;
    --bad: #ff8a80;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  padding: 1.5rem 1rem 3rem;
  background: var(--page);
  color: var(--text);
  font: 1rem/1.45 system-ui, sans-serif;
}
header, main { max-width: 56rem; margin-inline: auto; }
header {
  display: flex;
  flex-wrap: wrap;
  align-items: center;
  gap: .5rem 1rem;
  margin-bottom: 1rem;
}
h1 { margin: 0; font-size: 1.5rem; line-height: 1.2; flex: 1; }
.state {
  display: inline-flex;
  align-items: center;
  gap: .45rem;
  padding: .2rem .7rem;
  border: 1px solid var(--line);
  border-radius: 99px;
  background: var(--card);
  color: var(--soft);
  font-size: .875rem;
}
.state::before {
  content: "";
  width: .55rem;
  height: .55rem;
  border-radius: 50%;
  background: currentColor;
}
.state[data-state="live"] { color: var(--good); }
.state[data-state="lost"] { color: var(--bad); }
.controls {
  display: grid;
  grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr));
  gap: .75rem;
  margin-bottom: .75rem;
}
label { display: block; color: var(--soft); font-size: .8125rem; }
select, input, button {
  min-height: 2.75rem;
  border: 1px solid var(--line);
  border-radius: .5rem;
  background: var(--card);
  color: var(--text);
  font: inherit;
}
/* Below 1rem a phone would zoom in on what is touched. */
select, input { width: 100%; margin-top: .2rem; padding: 0 .7rem; font-size: 1rem; }
button { padding: 0 1rem; cursor: pointer; }
button:disabled { opacity: .45; cursor: default; }
button.main {
  border-color: var(--accent);
  background: var(--accent);
  color: var(--on-accent);
}
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
form { display: flex; gap: .5rem; align-items: end; margin-bottom: 1rem; }
form label { flex: 1; min-width: 0; }
.note { margin: 0 0 1rem; color: var(--bad); }
.card {
  overflow: hidden;
  border: 1px solid var(--line);
  border-radius: .75rem;
  background: var(--card);
}
/* Lines of cells that are shared would not move with them. */
table { width: 100%; border-collapse: separate; border-spacing: 0; table-layout: fixed; }
caption {
  padding: .8rem 1rem;
  color: var(--soft);
  font-size: .875rem;
  text-align: start;
}
th, td { padding: .55rem .75rem; border-top: 1px solid var(--line); text-align: start; }
th:first-child, td:first-child { padding-inline-start: 1rem; }
thead th { color: var(--soft); font-size: .8125rem; font-weight: 500; }
tbody th { font-weight: 500; }
.rank { width: 5.5rem; }
.score { width: 13rem; text-align: end; font-variant-numeric: tabular-nums; }
.when { width: 9rem; }
td.when { color: var(--soft); font-size: .875rem; }
td.score { font-weight: 600; overflow-wrap: anywhere; }
td.score[data-length="long"] { font-size: .8125rem; }
tbody tr { position: relative; background: var(--card); }
tbody tr[aria-current] { background: var(--mine); }
.badge {
  display: inline-block;
  min-width: 2.1rem;
  padding: .1rem .45rem;
  border-radius: 99px;
  text-align: center;
  font-variant-numeric: tabular-nums;
}
.badge[data-rank="1"] { background: var(--gold); color: #2b2100; }
.badge[data-rank="2"] { background: var(--silver); color: #1d222b; }
.badge[data-rank="3"] { background: var(--bronze); color: #2c1500; }
.name, .sub {
  display: block;
  overflow: hidden;
  text-align: left;
  text-overflow: ellipsis;
  white-space: nowrap;
}
.sub { color: var(--soft); font-size: .8125rem; font-weight: 400; }
.empty { padding: 2rem 1rem; text-align: center; color: var(--soft); }
nav {
  display: flex;
  align-items: center;
  justify-content: space-between;
  gap: .75rem;
  padding: .75rem 1rem;
  border-top: 1px solid var(--line);
}
nav p { margin: 0; color: var(--soft); font-size: .875rem; text-align: center; }
.unseen {
  position: absolute;
  width: 1px;
  height: 1px;
  overflow: hidden;
  clip-path: inset(50%);
  white-space: nowrap;
}
@media (max-width: 35rem) {
  body { padding: 1rem .75rem 2rem; }
  th, td { padding: .55rem .5rem; }
  th:first-child, td:first-child { padding-inline-start: .75rem; }
  caption, nav { padding-inline: .75rem; }
  .rank { width: 4.25rem; }
  .score { width: 8.5rem; }
  .when { display: none; }
  button { padding: 0 .8rem; }
}
`;
