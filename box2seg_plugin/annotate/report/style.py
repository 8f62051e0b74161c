"""The style sheet of the report: light or dark as the reader's system is, from a phone to a wide screen."""

STYLE = """\
:root {
  color-scheme: light dark;
  --page: #ffffff; --card: #f5f7f9; --line: #d5dbe2; --text: #1a1f26; --dim: #55606d;
  --link: #0a53c4; --bar: #3b76dd; --bar-out: #c4560f; --bad: #b3261e; --bad-card: #fdeceb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f1318; --card: #181e25; --line: #303a46; --text: #e7ebf0; --dim: #a3aebb;
    --link: #8cb6fa; --bar: #6a9df2; --bar-out: #ee8a45; --bad: #ff9d94; --bad-card: #3a1d1c;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0 auto; max-width: 76rem; padding: 0 1rem 4rem; background: var(--page); color: var(--text);
  font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", sans-serif;
}
a { color: var(--link); text-underline-offset: 0.15em; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible {
  outline: 3px solid var(--link); outline-offset: 2px; border-radius: 3px;
}
.skip { position: absolute; left: -100rem; background: var(--page); padding: 0.5rem 1rem; z-index: 1; }
.skip:focus { left: 0.5rem; top: 0.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 1.5rem 0 1rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.5rem 0 0.75rem; }
h3 { font-size: 1rem; margin: 1.5rem 0 0.5rem; }
p { margin: 0.5rem 0; max-width: 48rem; }
.dim, figcaption, .said { color: var(--dim); }
code, pre { font: 0.875rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
pre {
  background: var(--card); border: 1px solid var(--line); border-radius: 8px; padding: 0.75rem 1rem;
  white-space: pre-wrap; overflow-wrap: anywhere;
}

header { border-bottom: 1px solid var(--line); padding: 1rem 0 0; }
header .run { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
nav ul { list-style: none; margin: 0.25rem 0 0; padding: 0; display: flex; flex-wrap: wrap; }
nav li a {
  display: block; padding: 0.5rem 0.75rem; text-decoration: none; border-bottom: 3px solid transparent;
}
header nav ul { margin: 0.25rem -0.75rem 0; }
nav li a:hover { text-decoration: underline; }
nav a[aria-current] { color: var(--text); font-weight: 600; border-bottom-color: var(--link); }
.badge { color: var(--dim); font-weight: 400; font-size: 0.875rem; }
.pager { margin: 1rem 0; }
.pager ul { gap: 0.25rem; }
.pager li a {
  padding: 0.25rem 0.625rem; min-width: 2.25rem; text-align: center;
  border: 1px solid var(--line); border-radius: 6px;
}
.pager a[aria-current] { background: var(--card); border-color: var(--link); }

.tiles {
  display: grid; gap: 0.75rem; margin: 0;
  grid-template-columns: repeat(auto-fill, minmax(16rem, 1fr));
}
.tiles div {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 0.75rem 1rem;
}
.tiles dt { color: var(--dim); font-size: 0.875rem; }
.tiles dd { margin: 0; }
.tiles .big { font-size: 1.6rem; line-height: 1.3; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles .note { color: var(--dim); font-size: 0.8125rem; }
.tiles .bad { background: var(--bad-card); border-color: var(--bad); }
.tiles .bad .big, .tiles .bad .big a { color: var(--bad); }

.charts {
  display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr));
}
.charts.two { grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); margin-bottom: 1rem; }
.two .chart figcaption { min-height: 0; }
.two .chart text { font-size: 8px; }
.chart {
  margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 0.75rem 1rem;
}
.chart figcaption { font-size: 0.8125rem; line-height: 1.4; min-height: 3.6em; }
.chart b { color: var(--text); font-size: 0.9375rem; display: block; }
.chart svg { display: block; width: 100%; height: auto; margin-top: 0.25rem; }
.chart text { fill: var(--dim); font-size: 14px; }
.chart .axis { stroke: var(--dim); fill: none; }
.s0 { fill: var(--bar); }
.s1 { fill: var(--bar-out); }
.chart g:hover rect { opacity: 0.7; }
.said { font-size: 0.8125rem; margin: 0.25rem 0 0; }
.legend {
  list-style: none; display: flex; gap: 1.25rem; padding: 0; margin: 0.5rem 0 0.75rem;
  font-size: 0.875rem;
}
.legend svg { width: 0.8rem; height: 0.8rem; margin-right: 0.4rem; vertical-align: -0.05rem; }

.gallery {
  display: grid; gap: 1rem; margin: 1rem 0; padding: 0; list-style: none;
  grid-template-columns: repeat(auto-fill, minmax(min(100%, 15rem), 1fr));
}
.gallery li {
  background: var(--card); border: 1px solid var(--line); border-radius: 10px; overflow: hidden;
  display: flex; flex-direction: column;
}
.gallery .picture {
  aspect-ratio: 4 / 3; background: #14181d; display: grid; place-items: center;
  color: #c3ccd6;
}
.gallery .none { padding: 1rem; text-align: center; }
.gallery img { width: 100%; height: 100%; object-fit: contain; display: block; }
.gallery .about { padding: 0.625rem 0.875rem 0.75rem; font-size: 0.875rem; }
.gallery p { margin: 0; overflow-wrap: anywhere; }
.gallery .score { font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.flag {
  border: 1px solid currentcolor; border-radius: 99px; padding: 0 0.5rem; font-size: 0.75rem;
  font-weight: 400;
  color: var(--bad); vertical-align: 0.15rem; margin-left: 0.5rem; white-space: nowrap;
}
.gallery .odd { color: var(--bad); }
summary { cursor: pointer; color: var(--dim); width: fit-content; }
.measures { display: grid; grid-template-columns: 1fr auto; gap: 0 0.75rem; margin: 0.25rem 0 0; }
.measures dt { color: var(--dim); }
.measures dd { margin: 0; font-variant-numeric: tabular-nums; text-align: right; }

.cards { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); }
.card { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 0.75rem 1rem; }
.card h3 { margin: 0 0 0.5rem; }
.facts { display: grid; grid-template-columns: minmax(6rem, auto) 1fr; gap: 0.15rem 1rem; margin: 0; }
.facts dt { color: var(--dim); }
.facts dd { margin: 0; overflow-wrap: anywhere; }
.card, .card code { font-size: 0.9375rem; }

.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 10px; margin: 0.75rem 0; }
table { border-collapse: collapse; width: 100%; font-size: 0.9375rem; }
th, td { text-align: left; padding: 0.4rem 0.75rem; vertical-align: top; }
thead th { background: var(--card); font-weight: 600; white-space: nowrap; }
tbody tr { border-top: 1px solid var(--line); }
tbody th { font-weight: 400; min-width: min(14rem, 42vw); overflow-wrap: anywhere; }
tr:target { background: var(--card); outline: 2px solid var(--link); outline-offset: -2px; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.curve { display: block; width: 7.5rem; height: 1.5rem; background: var(--card); border-radius: 4px; }
.curve polyline { fill: none; stroke: var(--bar); stroke-width: 1.5; stroke-linejoin: round; }
.row-note { white-space: normal; text-align: left; min-width: 14rem; overflow-wrap: anywhere; }
.files { white-space: nowrap; }
.reason { overflow-wrap: anywhere; min-width: 14rem; }
.names { columns: 14rem; column-gap: 2rem; padding: 0; list-style: none; }
.names li { break-inside: avoid; overflow-wrap: anywhere; padding: 0.1rem 0; }
@media (max-width: 32rem) {
  body { padding: 0 0.75rem 3rem; }
  nav li a { padding: 0.5rem; }
  header nav ul { margin: 0.25rem -0.5rem 0; }
  .tiles { grid-template-columns: 1fr 1fr; }
  .tiles .big { font-size: 1.3rem; }
  .chart figcaption { min-height: 0; }
  .chart text, .two .chart text { font-size: 12px; }
}
@media print {
  nav, .skip { display: none; }
  .gallery li, .chart, tr { break-inside: avoid; }
}
"""
"""Text has a contrast of at least 4.5 to what it stands on."""
