"""The style sheet of a review sheet: light and dark, wide and narrow, no colour needed to read it.

Colours are near those of the book's figures, which stay apart without colour vision; every reason
also has its own sign and its word. Probabilities are shades of one hue, from the ground to full.
"""

STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #fff; --ink: #1c1f23; --soft: #5a626c; --line: #d8dce1;
  --track: #e9edf1; --heat: #084c7d; --noisy: #882255; --hard: #8a5a00; --clean: #00639c;
}
@media (prefers-color-scheme: dark) { :root {
  --page: #14171a; --card: #1e2226; --ink: #e8eaed; --soft: #a4adb7; --line: #353b42;
  --track: #2b3138; --heat: #8fd0ff; --noisy: #f2a0c9; --hard: #f0b64a; --clean: #6fbef5;
} }
* { box-sizing: border-box; }
body {
  margin: 0; padding: 1.5rem 1rem 3rem; background: var(--page); color: var(--ink);
  overflow-wrap: break-word;
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif;
}
main { max-width: 66rem; margin: 0 auto; }
h1 { font-size: 1.6rem; line-height: 1.2; margin: 0 0 .6rem; }
p { margin: 0 0 .7rem; max-width: 48rem; }
ul.notes { margin: 0 0 .7rem; padding-left: 1.2rem; }
h3, .labels, dd, .heat th, .classes tbody :is(th, td:last-child) { overflow-wrap: anywhere; }
.soft { color: var(--soft); }
.noisy { --own: var(--noisy); } .hard { --own: var(--hard); } .clean { --own: var(--clean); }
.reason { color: var(--own); font-weight: 600; white-space: nowrap; }
.warning { border-left: 4px solid var(--hard); padding: .1rem 0 .1rem .8rem; }
.warning p:last-child { margin: 0; }

.intro { display: flex; flex-wrap: wrap; gap: .5rem 2.5rem; align-items: flex-start; }
.warning { flex: 1 1 24rem; }
.wide { flex: 0 1 auto; min-width: 0; max-height: 21rem; overflow: auto; }
table.classes { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
.classes :is(th, td) { padding: .2rem .8rem .2rem 0; text-align: right; font-weight: 400; }
.classes :is(th, td):is(:first-child, :last-child) { text-align: left; }
.classes thead th { white-space: nowrap; }
.classes tbody :is(th, td:last-child) { min-width: 4.5rem; max-width: 12rem; }
.classes thead th { color: var(--soft); border-bottom: 1px solid var(--line); }

details { margin-top: 1rem; }
summary { cursor: pointer; font-weight: 600; margin-bottom: .4rem; }
fieldset { border: 0; margin: 1.2rem 0 .8rem; padding: 0; }
fieldset label { margin-right: 1.2rem; white-space: nowrap; }
legend { padding: 0; font-weight: 600; }
body:has(#show-noisy:not(:checked)) li.noisy,
body:has(#show-hard:not(:checked)) li.hard,
body:has(#show-clean:not(:checked)) li.clean { display: none; }

ol { list-style: none; margin: 0; padding: 0; }
li.video {
  background: var(--card); border: 1px solid var(--line); border-left: 5px solid var(--own);
  border-radius: 6px; padding: .8rem 1rem 1rem; margin-bottom: .9rem;
}
.head { display: flex; flex-wrap: wrap; gap: .1rem .8rem; align-items: baseline; }
.head h3 { font-size: 1rem; margin: 0; min-width: 0; }
.head .rank { color: var(--soft); font-variant-numeric: tabular-nums; }
.labels { margin-left: auto; }
.body { display: flex; flex-wrap: wrap; gap: .8rem 1.6rem; margin-top: .6rem; }
.body > * { flex: 1 1 20rem; min-width: 0; }
.frames { display: flex; gap: 3px; margin: 0 0 .7rem; }
.frames img { flex: 0 1 96px; min-width: 0; width: 96px; height: auto; border-radius: 3px; }
.nothing {
  border: 1px dashed var(--soft); border-radius: 3px; color: var(--soft); padding: 1.1rem .8rem;
  margin: 0 0 .7rem; text-align: center; font-size: .9rem;
}
dl {
  display: grid; grid-template-columns: repeat(2, minmax(0, max-content)); gap: .1rem 1.6rem;
  margin: 0; font-size: .9rem;
}
dl div { display: flex; gap: .4rem; }
dt { color: var(--soft); white-space: nowrap; }
dd { margin: 0; font-variant-numeric: tabular-nums; }

table.heat { border-collapse: separate; border-spacing: 2px; width: 100%; font-size: .85rem; }
.heat th, .heat .mean { font-weight: 400; padding: 0; line-height: 1.25rem; }
.heat tbody th { text-align: right; padding-right: .4rem; width: 9.5rem; }
.heat .mean { text-align: right; width: 2.6rem; font-variant-numeric: tabular-nums; }
.heat thead { color: var(--soft); }
.heat td.p { background: var(--track); padding: 0; border-radius: 2px; }
.heat td.p i { display: block; height: 1.25rem; border-radius: 2px; background: var(--heat); }
.heat :is(.is-given, .is-suspected) :is(th, .mean) { font-weight: 600; }
.tag { color: var(--soft); font-weight: 400; font-size: .8rem; }
.is-suspected .tag { color: var(--own); }
.key { display: inline-flex; gap: 2px; vertical-align: -2px; }
.key i { width: 1.5rem; height: 1rem; background: var(--track); border-radius: 2px; }
.key i::before {
  content: ""; display: block; height: 100%; border-radius: 2px; background: var(--heat);
  opacity: var(--p);
}
@media (max-width: 600px) {
  body { padding: 1rem .6rem 2rem; }
  li.video { padding: .7rem .7rem .8rem; }
  .classes :is(th, td) { padding-right: .35rem; font-size: .85rem; }
  .classes thead th { vertical-align: bottom; }
  .classes thead th:last-child { white-space: normal; }
  dl { column-gap: .9rem; font-size: .85rem; }
  .labels { margin-left: 0; flex-basis: 100%; }
  .heat tbody th { width: 8.9rem; }
}
@media print {
  body { background: none; } li.video { break-inside: avoid; } fieldset { display: none; }
}
"""
