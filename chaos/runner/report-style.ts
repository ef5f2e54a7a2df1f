/** The style sheet of the report. The colours meet WCAG AA and match the observer's page. */

export const stylesheet = `
:root{--back:#f7f7f5;--card:#fff;--text:#1c1e21;--quiet:#5b6169;--rule:#d9dbde;--line:#c3c7cc;--accent:#1d4ed8;--good:#116b33;--good-back:#e2f4e7;--bad:#a51d1d;--bad-back:#fdeaea;--warn:#8a5300;--warn-back:#fdf1dc}
@media (prefers-color-scheme:dark){:root{--back:#131518;--card:#1c1f24;--text:#e8eaed;--quiet:#a4abb5;--rule:#33383f;--line:#454b54;--accent:#8fb4ff;--good:#6fd391;--good-back:#16301f;--bad:#ff9d9d;--bad-back:#3a1a1c;--warn:#f0bd6a;--warn-back:#33270f}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:54rem;padding:1.5rem 1rem 4rem;background:var(--back);color:var(--text);font:15px/1.5 system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.25;margin:0}
h2{font-size:1.2rem;line-height:1.3;margin:0}
h3{font-size:.95rem;margin:1.4rem 0 .3rem}
p{margin:.3rem 0}
a{color:var(--accent)}
.quiet{color:var(--quiet)}
.good{color:var(--good)}
.bad{color:var(--bad)}
header{margin-bottom:1.2rem}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid var(--rule);vertical-align:top}
thead th{font-weight:600;color:var(--quiet);font-size:.85rem}
tbody th{font-weight:400}
.number{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
.badge{display:inline-block;padding:0 .5em;border-radius:.6em;font-size:.85em;font-weight:600}
.badge.passed{color:var(--good);background:var(--good-back)}
.badge.failed{color:var(--bad);background:var(--bad-back)}
.badge.interrupted{color:var(--warn);background:var(--warn-back)}
article{margin-top:2rem;padding:1.2rem;background:var(--card);border:1px solid var(--rule);border-radius:10px}
.verdicts{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.6rem;margin:.9rem 0}
.verdict{padding:.5rem .8rem;border-radius:8px;background:var(--good-back);color:var(--good)}
.verdict.bad{background:var(--bad-back);color:var(--bad)}
.verdict dt{font-size:.85rem}
.verdict dd{margin:0;font-weight:600}
.problems{margin:.6rem 0;padding:.5rem .8rem .5rem 1.8rem;border-left:3px solid var(--bad);color:var(--bad)}
.lesson{margin:.9rem 0;padding:.1rem 0 .1rem .8rem;border-left:3px solid var(--accent);font-size:1.05rem}
.steps{list-style:none;margin:0;padding:0}
.steps li{border-top:1px solid var(--rule)}
.head{display:grid;grid-template-columns:4.6rem 1fr auto 5rem;gap:.6rem;padding:.35rem 0;align-items:baseline}
.part{color:var(--quiet);font-size:.85rem}
.seconds{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
summary{cursor:pointer;list-style:none}
summary::-webkit-details-marker{display:none}
summary .what::after{content:" \\203a";color:var(--quiet)}
details[open] summary .what::after{content:" \\2304"}
summary:focus-visible,a:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
pre{margin:.2rem 0 .6rem;padding:.6rem .8rem;background:var(--back);border-radius:6px;font:12.5px/1.45 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre-wrap}
.evidence{margin:0;padding-left:1.1rem}
.legend{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;color:var(--quiet);font-size:.85rem}
.legend span::before{content:"";display:inline-block;width:1.6rem;border-top:2px solid var(--line);vertical-align:middle;margin-right:.4rem}
.legend .unverified::before{border-top:2px dashed var(--warn)}
.legend .one-way::before{border-color:var(--accent)}
.legend .mutual::before{border-color:var(--good)}
.legend .refused::before{border-color:var(--bad)}
figure{margin:.8rem 0 1.6rem}
figcaption{font-weight:600}
svg{display:block;max-width:100%;height:auto;margin-top:.6rem;font-family:system-ui,"Segoe UI",Roboto,"Noto Sans",sans-serif}
svg.narrow{display:none}
svg text{fill:var(--text)}
svg .label{paint-order:stroke;stroke:var(--card);stroke-width:4px;stroke-linejoin:round}
svg .time{fill:var(--quiet);font-size:11px}
svg .lane-name{font-weight:600;paint-order:stroke;stroke:var(--card);stroke-width:4px}
svg .bad-text{fill:var(--bad);font-weight:600}
svg .lane{stroke:var(--line);stroke-width:1}
svg .arrow{fill:none;stroke:var(--quiet);stroke-width:1.6}
svg .head{fill:var(--quiet);display:inline}
svg .mark{fill:var(--good)}
svg .arrow.unverified{stroke:var(--warn);stroke-dasharray:5 4}
svg .head.unverified{fill:var(--warn)}
svg .arrow.one-way{stroke:var(--accent)}
svg .head.one-way{fill:var(--accent)}
svg .arrow.mutual{stroke:var(--good)}
svg .head.mutual{fill:var(--good)}
svg .arrow.seen{stroke-dasharray:2 3}
svg .arrow.bad{stroke:var(--bad);stroke-dasharray:none}
svg .head.bad,svg .mark.bad{fill:var(--bad)}
svg .moment{fill:var(--good-back)}
svg .moment-text{fill:var(--good);font-weight:600}
@media (max-width:44rem){
body{padding:1rem .6rem 3rem}
article{padding:.9rem .7rem}
svg.wide{display:none}
svg.narrow{display:block}
.head{grid-template-columns:1fr auto;gap:0 .6rem}
.head .part{grid-column:1/-1}
.head .how{grid-column:1;font-size:.85rem}
.head .seconds{grid-column:2;grid-row:2}
.summary thead{display:none}
.summary tr{display:grid;grid-template-columns:1fr 1fr;padding:.5rem 0;border-bottom:1px solid var(--rule)}
.summary th,.summary td{border:0;padding:.1rem .3rem;text-align:left}
.summary th{grid-column:1/-1}
.summary td::before{content:attr(data-label) " ";color:var(--quiet);font-size:.85rem}
}
@media print{
:root{--back:#fff;--card:#fff;--text:#000;--quiet:#444;--rule:#bbb;--line:#aaa;--accent:#1d4ed8;--good:#116b33;--good-back:#eef7f0;--bad:#a51d1d;--bad-back:#fdf0f0}
body{max-width:none;padding:0;font-size:11pt}
article{border:0;padding:0;break-before:page}
figure,.verdicts,tr{break-inside:avoid}
svg.wide{display:block}
svg.narrow{display:none}
}
`;
