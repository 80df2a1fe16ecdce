// The report's style sheet and script. Charts bring their own for dark pages (plots/theme.h).
#include "report/html_kit.h"

namespace qyolo::report {

const std::string_view kStyle = R"css(
:root{color-scheme:light dark;--page:#fff;--ink:#1f2328;--muted:#59636e;--axis:#8c959f;
--grid:#e9ecef;--line:#d4dae0;--panel:#f6f8fa;--accent:#0b5394;--good:#18692f;--bad:#a8200d;
--open:#7a4f00}
@media screen and (prefers-color-scheme:dark){:root{--page:#14181d;--ink:#e4e8ec;--muted:#a0abb6;
--axis:#76818c;--grid:#2a3138;--line:#38424c;--panel:#1c2229;--accent:#7db8ee;--good:#6cc484;
--bad:#f29082;--open:#e0b354}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,-apple-system,
"Segoe UI","Helvetica Neue",Arial,"Hiragino Sans","Noto Sans CJK JP","Noto Sans JP","Yu Gothic",
Meiryo,sans-serif}
main,header,footer{max-width:68rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:2.5rem}
h1{font-size:1.7rem;line-height:1.25;font-weight:650;margin:0 0 .3rem;overflow-wrap:anywhere}
h2{font-size:1.25rem;line-height:1.3;font-weight:650;margin:0 0 .8rem}
h3{font-size:1rem;font-weight:650;margin:1.6rem 0 .5rem}
p{margin:.5rem 0;max-width:46rem}
section{margin:2.6rem 0;padding-top:1.6rem;border-top:1px solid var(--line)}
.muted,.note{color:var(--muted)}
.note{font-size:.875rem}
bdi{overflow-wrap:anywhere}
nav{font-size:.875rem;margin:1rem 0 0}
nav ol{list-style:none;margin:0;padding:0;display:flex;flex-wrap:wrap;gap:.15rem 1.1rem}
a{color:var(--accent)}
nav a{text-decoration:none}
nav a:hover{text-decoration:underline}
#verdict{margin-top:1.6rem;border:1px solid var(--line);border-left:6px solid var(--axis);
border-radius:4px;padding:1.4rem 1.5rem}
#verdict h2{font-size:.875rem;color:var(--muted);font-weight:600;margin:0 0 .2rem}
#verdict.recommended{border-left-color:var(--good)}
#verdict.undecided{border-left-color:var(--open)}
#verdict.none,#verdict.unusable{border-left-color:var(--bad)}
.headline{font-size:1.45rem;line-height:1.3;font-weight:650;margin:0 0 .5rem}
.warning{color:var(--bad)}
.tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:1rem;margin:1.3rem 0 0}
.tiles div{background:var(--panel);border-radius:4px;padding:.8rem 1rem}
.tiles dt{font-size:.8125rem;color:var(--muted)}
.tiles dd{margin:.1rem 0 0}
.tiles .value{font-size:1.35rem;font-weight:650;line-height:1.3;font-variant-numeric:tabular-nums}
.tiles .what{font-size:.8125rem;color:var(--muted)}
table{border-collapse:collapse;width:100%;font-size:.9rem;margin:.6rem 0 0}
caption{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
th,td{text-align:left;vertical-align:top;padding:.45rem .6rem;border-bottom:1px solid var(--line)}
th{font-weight:600;color:var(--muted);font-size:.8125rem;line-height:1.3;vertical-align:bottom}
th:first-child,td:first-child{padding-left:.3rem}
.number{text-align:right;font-variant-numeric:tabular-nums}
td.number{white-space:nowrap}
tr.chosen td{background:var(--panel)}
tr.lit td{background:var(--grid)}
.details{display:block;color:var(--muted);font-size:.8125rem;overflow-wrap:anywhere}
.tag{display:inline-block;font-size:.75rem;border:1px solid currentColor;border-radius:3px;
padding:0 .35rem;margin-left:.4rem;color:var(--accent)}
.within{color:var(--good)}.beyond{color:var(--bad)}.undecided-text{color:var(--open)}
.within,.beyond,.undecided-text{white-space:nowrap}
:lang(ja){word-break:auto-phrase}
.error{color:var(--bad)}.caution{color:var(--open)}
.within,.beyond,.undecided-text,.error,.caution{font-weight:600}
th button{all:unset;cursor:pointer;color:inherit;font:inherit}
th button:hover,th button:focus-visible{color:var(--ink);text-decoration:underline}
th[aria-sort] button::after{content:" ↑"}
th[aria-sort=descending] button::after{content:" ↓"}
figure{margin:1rem 0 0}
.chart svg{display:block;width:100%;height:auto;background:none}
svg.qyolo{vertical-align:-.1em}
.chart.narrow{display:none}
.chart svg>rect:first-of-type{fill:transparent}
.chart g.mark{cursor:default}
.bar{display:block;width:11rem;height:1.3rem}
.bar .zero{stroke:var(--axis);stroke-width:1}
.bar .limit{stroke:var(--bad);stroke-width:1.5;stroke-dasharray:3 2}
.bar .range{stroke:var(--ink);stroke-width:2}
.bar .dot{fill:var(--ink)}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(11.5rem,1fr));gap:1rem;
margin:.6rem 0 0}
.pictures figure{margin:0}
.pictures img{display:block;width:100%;height:auto;border-radius:3px;background:var(--panel)}
.pictures figcaption{font-size:.8125rem;line-height:1.4;margin-top:.3rem}
.pictures .file{color:var(--muted);overflow-wrap:anywhere;display:block}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:0 2.5rem;align-items:start;max-width:46rem}
.phone{display:none}
td.wrap{white-space:normal}
.compact td:nth-child(2){white-space:nowrap}
ul.plain{list-style:none;margin:0;padding:0}
ul.plain li{overflow-wrap:anywhere}
dl.pairs{display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.2rem 1.2rem;
font-size:.875rem;margin:.6rem 0 0}
dl.pairs dt{color:var(--muted)}
dl.pairs dd{margin:0;overflow-wrap:anywhere}
pre{background:var(--panel);border-radius:4px;padding:.7rem .9rem;margin:.2rem 0 .9rem;
font:.8125rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;
white-space:pre-wrap;overflow-wrap:anywhere}
.command{font-size:.875rem;margin:.8rem 0 0}
ol.steps{padding-left:1.4rem;margin:.5rem 0;font-size:.9rem}
#tip{position:absolute;z-index:2;pointer-events:none;background:var(--ink);color:var(--page);
font-size:.8125rem;line-height:1.4;padding:.3rem .55rem;border-radius:3px;max-width:18rem}
footer{color:var(--muted);font-size:.8125rem;padding-top:1rem;padding-bottom:3rem}
@media screen and (max-width:58rem){
.tiles{grid-template-columns:1fr 1fr}
table.cards thead{display:none}
table.cards,table.cards tbody,table.cards tr,table.cards td{display:block;width:100%}
table.cards tr{border-bottom:1px solid var(--line);padding:.6rem 0}
table.cards td{display:flex;justify-content:space-between;gap:1rem;border:0;padding:.12rem .3rem;
text-align:right;white-space:normal}
table.cards td::before{content:attr(data-label);color:var(--muted);text-align:left;flex:0 1 56%}
table.cards td.lead{display:block;text-align:left;font-weight:600;padding-bottom:.3rem}
table.cards td.lead::before{content:none}
table.cards td.lead .details{font-weight:400}
table.cards td:empty,table.cards td.index{display:none}
.phone{display:inline}
.sort-hint{display:none}
}
@media screen and (max-width:44rem){
main,header,footer{padding-left:1rem;padding-right:1rem}
header{padding-top:1.4rem}
h1{font-size:1.4rem}.headline{font-size:1.25rem}
#verdict{padding:1rem}
.tiles{gap:.6rem}
.tiles div{padding:.6rem .7rem}.tiles .value{font-size:1.15rem}
section{margin:2rem 0;padding-top:1.2rem}
.chart.wide{display:none}.chart.narrow{display:block}
.tag{margin-left:0;margin-right:.3rem}
.bar{width:9rem}
.pictures{grid-template-columns:1fr 1fr;gap:.7rem}
.pair{grid-template-columns:1fr}
dl.pairs{grid-template-columns:1fr;gap:0}
dl.pairs dd{margin-bottom:.45rem}
.sort-hint{display:none}
}
@media print{
body{font-size:10pt;line-height:1.4}
main,header,footer{max-width:none;padding-left:0;padding-right:0}
nav,.sort-hint,#tip,.chart.narrow{display:none!important}
.chart.wide{display:block!important}
section{margin:1.2rem 0;padding-top:.8rem}
h2,h3{break-after:avoid}
tr,figure,pre,.tiles div,#verdict{break-inside:avoid}
table{font-size:7.5pt}th{font-size:7pt}.details{font-size:6.5pt}
th,td{padding:.2rem .3rem}td.number .details{white-space:normal}.tag{font-size:6.5pt}
.tiles{gap:.5rem}.tiles div{padding:.5rem .6rem}.tiles .value{font-size:12pt}
.tiles dt,.tiles .what,.note{font-size:8pt}#verdict{padding:.8rem 1rem}.bar{width:7.5rem}
thead{display:table-header-group}
*{-webkit-print-color-adjust:exact;print-color-adjust:exact}
@page{margin:16mm}
}
)css";

const std::string_view kScript = R"js(
(function(){
"use strict";
document.querySelectorAll("table.sortable").forEach(function(table){
  var heads=table.tHead.rows[0].cells;
  Array.prototype.forEach.call(heads,function(head,column){
    var button=document.createElement("button");
    button.type="button";
    button.textContent=head.textContent;
    head.textContent="";
    head.appendChild(button);
    button.addEventListener("click",function(){
      var down=head.getAttribute("aria-sort")==="ascending";
      Array.prototype.forEach.call(heads,function(other){other.removeAttribute("aria-sort");});
      head.setAttribute("aria-sort",down?"descending":"ascending");
      var body=table.tBodies[0];
      var rows=Array.prototype.slice.call(body.rows);
      function key(row){
        var cell=row.cells[column],order=cell.getAttribute("data-order");
        return order===null?cell.textContent:Number(order);
      }
      rows.sort(function(a,b){
        var x=key(a),y=key(b);
        var numbers=typeof x==="number"&&typeof y==="number";
        if(typeof x!==typeof y)return typeof x==="number"?-1:1;
        var order=numbers?x-y:x.localeCompare(y);
        return down?-order:order;
      });
      rows.forEach(function(row){body.appendChild(row);});
    });
  });
});
var tip=document.createElement("div");
tip.id="tip";
tip.hidden=true;
document.body.appendChild(tip);
function hide(){
  tip.hidden=true;
  document.querySelectorAll("tr.lit").forEach(function(row){row.classList.remove("lit");});
}
document.querySelectorAll(".chart g.mark").forEach(function(mark){
  var title=mark.querySelector("title");
  if(!title)return;
  var text=title.textContent,number=text.match(/^(\d+) /);
  title.remove();
  mark.setAttribute("role","img");
  mark.setAttribute("aria-label",text);
  mark.setAttribute("tabindex","0");
  function show(){
    hide();
    tip.textContent=text;
    tip.hidden=false;
    var box=mark.getBoundingClientRect(),page=document.documentElement;
    var left=box.left+box.width/2-tip.offsetWidth/2;
    left=Math.max(8,Math.min(left,page.clientWidth-tip.offsetWidth-8));
    tip.style.left=left+window.scrollX+"px";
    tip.style.top=box.top+window.scrollY-tip.offsetHeight-8+"px";
    var row=number&&document.getElementById("network-"+number[1]);
    if(row)row.classList.add("lit");
  }
  mark.addEventListener("pointerenter",show);
  mark.addEventListener("focus",show);
  mark.addEventListener("pointerleave",hide);
  mark.addEventListener("blur",hide);
});
})();
)js";

}  // namespace qyolo::report
