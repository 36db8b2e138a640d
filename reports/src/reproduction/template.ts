export const reproductionPage = `{{#> frame}}
<header class="head">
<p class="kicker">{{kicker}}</p>
<h1>{{title}}</h1>
<p class="finding">{{finding}}</p>
<p class="meta"><span>table {{table}}</span><span>{{source}}</span></p>
{{#if notes}}
<ul class="notes" aria-label="Notes to read before the figures">
{{#each notes}}
<li class="note"><b>{{word}}</b> <span>{{text}}</span></li>
{{/each}}
</ul>
{{/if}}
<nav aria-label="Sections"><a href="#rows">Rows</a>{{#if missing}}<a href="#missing">What is missing</a>{{/if}}{{#if costs}}<a href="#cost">Cost</a>{{/if}}</nav>
</header>
<main id="content">
<section id="rows" class="reproduction">
<div class="toolbar">
<h2 id="rows-title">Rows</h2>
<p class="tools" hidden data-tools="rows-table"><label>Filter <input type="search" placeholder="gptq 7b" data-filter="rows-table" autocomplete="off" spellcheck="false"></label> <span role="status" data-status="rows-table"></span></p>
</div>
<div class="scroll" role="group" tabindex="0" aria-labelledby="rows-title">
<table class="results whole" id="rows-table" data-sortable data-rows="rows">
<caption class="hidden">{{finding}}</caption>
<thead><tr><th scope="col" class="text" data-column="0">Method</th><th scope="col" class="text" data-column="1">Model</th><th scope="col" class="text" data-column="2">Metric</th><th scope="col" data-column="3">{{expectedTitle}}</th><th scope="col" data-column="4">Ours</th><th scope="col" data-column="5">Δ</th><th scope="col" data-column="6">Tolerance</th><th scope="col" class="text" data-column="7">Verdict</th></tr></thead>
<tbody>
{{#each rows}}
<tr{{#if startsGroup}} class="group"{{/if}}><th scope="row">{{method}}{{#each notes}}<sup><a href="#note-{{this}}">{{this}}</a></sup>{{/each}}<span class="about">{{#each recipe}}{{this}}<wbr>{{/each}}</span></th><td class="text">{{#each model}}{{this}}<wbr>{{/each}}</td><td class="text">{{measure}}{{#if protocol}}<span class="about">{{protocol}}</span>{{/if}}</td><td data-sort="{{sort.paper}}">{{paper}}</td><td data-sort="{{sort.ours}}">{{#if ours}}<span class="value">{{ours}}{{#if stderr}} <small>± {{stderr}}</small>{{/if}}</span>{{else}}–{{/if}}</td><td data-sort="{{sort.delta}}">{{#if delta}}{{delta}}{{else}}–{{/if}}</td><td data-sort="{{sort.tolerance}}">{{#if tolerance}}± {{tolerance}}<sup><a href="#tolerance-{{toleranceMark}}">{{toleranceMark}}</a></sup>{{else}}–{{/if}}</td><td class="text verdict {{verdictClass}}"><b>{{verdict}}</b>{{#if reason}}<span class="about">{{reason}}</span>{{/if}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
<p class="key"><span>Δ: ours − {{expectedWord}}</span><span>± behind ours: one standard error of the text or documents, which {{expectedWord}} and ours share</span><span>within: |Δ| at most the tolerance</span></p>
{{#if tolerances}}
<h3>Tolerances</h3>
<ol class="reasons" type="a">
{{#each tolerances}}
<li id="tolerance-{{mark}}">{{text}}</li>
{{/each}}
</ol>
{{/if}}
{{#if differences}}
<h3>Known differences</h3>
<ol class="reasons">
{{#each differences}}
<li id="note-{{mark}}">{{text}}</li>
{{/each}}
</ol>
{{/if}}
</section>
{{#if missing}}
<section id="missing">
<h2>What is missing</h2>
<p class="sub">Rows that are not run need these; sizes are those of the stored checkpoints.</p>
<div class="scroll" role="group" tabindex="0" aria-label="What is missing">
<table class="results whole" id="missing-table" data-sortable data-rows="items">
<thead><tr><th scope="col" class="text" data-column="0">Name</th><th scope="col" class="text" data-column="1">Kind</th><th scope="col" data-column="2">Size</th><th scope="col" class="text" data-column="3">Where it comes from</th></tr></thead>
<tbody>
{{#each missing}}
<tr><th scope="row">{{name}}</th><td class="text">{{kind}}</td><td data-sort="{{sort}}">{{size}}</td><td class="text wide">{{cure}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
</section>
{{/if}}
{{#if costs}}
<section id="cost">
<h2>Cost</h2>
<p class="sub">Estimated before anything is computed, each row by itself: memory and disk from shapes, hours from the multiply-adds of this machine. Rows of one model that run together cost less than their sum.</p>
<div class="scroll" role="group" tabindex="0" aria-label="Cost">
<table class="results whole" id="cost-table" data-sortable data-rows="rows">
<thead><tr><th scope="col" class="text" data-column="0">Method</th><th scope="col" class="text" data-column="1">Model</th><th scope="col" class="text" data-column="2">Metric</th><th scope="col" data-column="3">Tokens</th><th scope="col" data-column="4">Memory</th><th scope="col" data-column="5">Disk</th><th scope="col" data-column="6">Download</th><th scope="col" data-column="7">Hours</th></tr></thead>
<tbody>
{{#each costs}}
<tr><th scope="row">{{method}}</th><td class="text">{{model}}</td><td class="text">{{measure}}</td><td data-sort="{{sort.tokens}}">{{tokens}}</td><td data-sort="{{sort.memory}}">{{memory}}</td><td data-sort="{{sort.disk}}">{{disk}}</td><td data-sort="{{sort.download}}">{{download}}</td><td data-sort="{{sort.hours}}">{{hours}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
</section>
{{/if}}
</main>
{{/frame}}
`;
