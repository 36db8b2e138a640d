/** Parts that the pages of a difference and of a night share. */
export const headline = `<p class="finding">{{#if headline.counts}}{{#each headline.counts}}<span class="verdict {{sense}}"><span aria-hidden="true">{{sign}}</span> {{count}} {{word}}</span>{{#unless @last}}, {{/unless}}{{/each}} of {{headline.total}}.{{else}}{{headline.text}}{{/if}}{{#if headline.end}} {{headline.end}}{{/if}}</p>
`;

/** Rows of verdicts that can be filtered, sorted and copied: columns and cells after the recipe and what it was scored by. */
export const verdictTable = (columns: string, cells: string): string => `<div class="toolbar">
<h3 id="{{id}}">{{heading}}</h3>
<p class="tools" hidden data-tools="{{id}}-table"><label>Filter <input type="search" placeholder="gptq worse" data-filter="{{id}}-table" autocomplete="off" spellcheck="false"></label> <span role="status" data-status="{{id}}-table"></span></p>
</div>
<div class="scroll" role="group" tabindex="0" aria-labelledby="{{id}}">
<table class="verdicts" id="{{id}}-table" data-sortable data-copy data-rows="figures">
<caption class="hidden">{{caption}}</caption>
<thead>
<tr><th scope="col" data-column="0" class="text">Recipe</th><th scope="col" data-column="1" class="text">Task and metric</th>${columns}</tr>
</thead>
<tbody>
{{#each rows}}
<tr id="{{id}}"><th scope="row">{{#each recipe}}{{this}}<wbr>{{/each}}{{#if model}}<span class="about line">{{model}}</span>{{/if}}</th><td class="text">{{task}}{{#if metric}} <span class="metric"{{#if metric.protocol}} title="{{metric.protocol}}"{{/if}}>{{metric.name}} <span class="arrow"><span aria-hidden="true">{{metric.arrow}}</span><span class="hidden">, {{metric.direction}}</span></span></span>{{/if}}</td>${cells}</tr>
{{/each}}
</tbody>
</table>
</div>
`;

export const verdictRows = verdictTable(
  `<th scope="col" data-column="2" class="text">Verdict</th><th scope="col" data-column="3">Before</th><th scope="col" data-column="4">After</th><th scope="col" data-column="5">Difference</th><th scope="col" class="text">Rests on</th>`,
  `<td class="text"><span class="verdict {{verdict.sense}}"><span aria-hidden="true">{{verdict.sign}}</span> {{verdict.word}}</span></td><td data-sort="{{before.sort}}">{{before.text}}</td><td data-sort="{{after.sort}}">{{after.text}}</td>
{{~#if difference}}<td data-sort="{{difference.sort}}"><span class="value">{{difference.text}}</span>{{#if difference.bar}}{{{difference.bar}}}{{/if}}{{#if difference.range}}<span class="delta line">{{difference.range}}</span>{{/if}}</td>{{else}}<td data-sort="" class="none">–</td>{{/if~}}
<td class="rests">{{rests}}</td>`,
);

/** A run's name, a link where it has a page. */
export const label = `{{#if href}}<a href="{{href}}">{{name}}</a>{{else}}{{name}}{{/if}} <small>{{created}}</small>`;

const value = (name: string): string =>
  `<td class="text">{{#if ${name}.isHash}}<code class="hash" title="{{${name}.text}}">{{${name}.text}}</code>{{else}}{{${name}.text}}{{/if}}</td>`;

export const changes = `{{#if changes}}
<div class="scroll" role="group" tabindex="0" aria-label="{{title}}">
<table class="changes">
<caption class="hidden">{{title}}</caption>
<thead><tr><th scope="col" class="text">What</th><th scope="col" class="text">Of</th><th scope="col" class="text">Before</th><th scope="col" class="text">After</th></tr></thead>
<tbody>
{{#each changes}}
<tr><th scope="row">{{what}}</th><td class="text">{{of}}</td>${value('before')}${value('after')}</tr>
{{/each}}
</tbody>
</table>
</div>
{{else}}
<p>Nothing that the two runs record: versions, commit, processor, recipes and data are the same.</p>
{{/if}}
`;

const layerTable = (
  list: string,
  name: string,
): string => `<div class="scroll" role="group" tabindex="0" aria-label="${name}">
<table class="dense shifts">
<caption class="hidden">${name}, the most first</caption>
<thead><tr><th scope="col" class="text">Layer</th><th scope="col" class="text">Recipe</th><th scope="col" class="text">Figure</th><th scope="col">Before</th><th scope="col">After</th><th scope="col">Change</th></tr></thead>
<tbody>
{{#each ${list}}}
<tr><th scope="row">{{layer}}</th><td class="text">{{recipe}}{{#if model}} <small>{{model}}</small>{{/if}}</td><td class="text">{{figure}}</td><td>{{before}}</td><td>{{after}}</td><td>{{shift}}</td></tr>
{{/each}}
</tbody>
</table>
</div>`;

export const layerShifts = `${layerTable('layers', 'Layers that moved')}
{{#if otherLayers}}
<details>
<summary><b>{{otherLayers.length}} others</b> <span>that moved less</span></summary>
${layerTable('otherLayers', 'Layers that moved less')}
</details>
{{/if}}
{{#if layersLeftOut}}
<p class="key"><span>{{layersLeftOut}} more moved less than these</span></p>
{{/if}}
`;

export const differencePage = `{{#> frame}}
<header class="head">
<p class="kicker">Lowbit difference</p>
<h1>{{title}}</h1>
{{> headline}}
{{#each findings}}
<p class="finding">{{this}}</p>
{{/each}}
<p class="meta"><span>before: {{> label changes.before}}</span><span>after: {{> label changes.after}}</span></p>
<nav aria-label="Sections"><a href="#moved">Verdicts</a><a href="#changes">What changed</a>{{#if changes.layers}}<a href="#layers">Layers</a>{{/if}}</nav>
</header>
<main id="content">
<section id="moved" class="opening">
<h2>Verdicts</h2>
<p class="sub">{{basis}}</p>
{{#if moved.rows}}
{{> verdictRows moved}}
{{/if}}
{{#if same.rows}}
<details id="same">
<summary><b>{{same.rows.length}} the same</b> <span>{{same.summary}}</span></summary>
{{> verdictRows same}}
</details>
{{/if}}
<p class="key"><span>bars: the difference and its interval around zero, one axis a metric</span><span>shaded: the tolerance</span><span>the signs ▲ and ▼ say better and worse, not up and down</span></p>
</section>
<section id="changes">
<h2>What changed between the two runs</h2>
{{> changes changes title="What changed between the two runs"}}
</section>
{{#if changes.layers}}
<section id="layers">
<h2>Layers that moved</h2>
<p class="sub">Of recipes whose quantized weights are not the same: relative errors of the linears, the largest change first.</p>
{{> layerShifts changes}}
</section>
{{/if}}
</main>
{{/frame}}
`;
