/** A recipe's page: what it is, what it scored, what it did to each layer, and how to have it again. */
export const recipe = `{{#> frame}}
<header class="head">
<p class="kicker"><a href="{{back}}">{{report}}</a></p>
<h1>{{title}}</h1>
<p class="meta">{{#each meta}}<span>{{this}}</span>{{/each}}<span>created <time>{{created}}</time></span></p>
{{#if notes}}
<ul class="notes" aria-label="Notes to read before the figures">
{{#each notes}}
<li class="{{kind}}"><b>{{word}}</b> <span>{{text}}</span></li>
{{/each}}
</ul>
{{/if}}
<nav aria-label="Sections">{{#each links}}<a href="{{href}}">{{label}}</a>{{/each}}</nav>
</header>
<main id="content">
<section id="steps">
<h2>Steps{{> anchor id="steps" label="the steps"}}</h2>
<p class="sub">Every option after defaults.</p>
{{#each steps}}
<h3>{{number}}. {{method}} <small>v{{version}}</small></h3>
{{#if about}}<p class="sub">{{about}} {{#if source}}<span class="source">{{source}}</span>{{/if}}</p>{{/if}}
<dl class="facts">
{{#each options}}
<div><dt>{{key}}</dt><dd><code>{{value}}</code></dd></div>
{{/each}}
</dl>
{{#if overrides}}
<p>In some layers: {{#each overrides}}<code class="option">{{this}}</code> {{/each}}</p>
{{/if}}
{{else}}
<p>The checkpoint itself.</p>
{{/each}}
<h3 id="again">Run it again{{> anchor id="again" label="the commands"}}</h3>
<p class="sub">CHECKPOINT is the folder of the model. The run does not record plugins (<code>--plugin</code>), the data folder (<code>--data</code>) and other options of the experiment, such as <code>--rope-frequencies</code>: add those that it had. Cells whose digests are those below are the same cells.</p>
{{#each commands}}
<pre class="command" tabindex="0"><code>{{this}}</code></pre>
{{/each}}
{{#if recipeFile}}
<p>recipe.json:</p>
<pre class="command" tabindex="0"><code>{{recipeFile}}</code></pre>
{{/if}}
</section>
{{#each models}}
<section class="model" id="{{id}}">
<h2>{{name}}{{> anchor id=id label="this model"}}</h2>
<p class="sub">{{facts}}</p>
<h3 id="{{scoresId}}">Scores{{> anchor id=scoresId label="the scores"}}</h3>
<div class="scroll" role="group" tabindex="0" aria-label="Scores of {{../title}} on {{name}}">
<table class="dense charts" id="{{scoresId}}-table" data-sortable data-copy data-rows="metrics">
<thead><tr><th scope="col" class="text" data-column="0">Task<th scope="col" class="text" data-column="1">Metric<th scope="col" data-column="2">Value<th scope="col">95 % interval<th scope="col" data-column="4">n<th scope="col" data-column="5">Float<th scope="col">Difference{{#if isCompared}}<th scope="col">its 95 % interval<th scope="col" class="chart"><span class="hidden">drawn</span><th scope="col" data-column="9">p, Holm<th scope="col" class="text" data-column="10">Told apart{{/if}}</thead>
<tbody>
{{#each rows}}
<tr{{#if kind}} class="{{kind}}"{{/if}}><th scope="row">{{task}}<td class="text">{{metric}}<td data-sort="{{sort}}"{{#if measured}} data-measured{{/if}}><span class="value">{{#if best}}<b{{#if isTie}} class="tie"{{/if}}>{{value}}</b>{{else}}{{value}}{{/if}}{{#if stderr}} <small>± {{stderr}}</small>{{/if}}</span><td>{{interval}}<td data-sort="{{nSort}}">{{n}}<td data-sort="{{floatSort}}"{{#if measured}} data-measured{{/if}}>{{float}}<td{{#if measured}} data-measured{{/if}}>{{difference}}{{#if ../isCompared}}<td>{{differenceInterval}}<td class="chart">{{#if bar}}{{{bar}}}{{/if}}<td data-sort="{{pSort}}">{{p}}<td class="text">{{told}}{{/if}}
{{/each}}
</tbody>
</table>
</div>
<p class="key"><span><b>bold</b> best among the recipes of the same bits{{#if family}}, and those that tie with it{{/if}}</span>{{#if family}}<span>told apart: paired tests on the same documents {{family}}; intervals each by itself</span>{{/if}}{{#each barScales}}<span>{{this}}</span>{{/each}}</p>
{{#if comparisons}}
{{> comparisons comparisons}}
{{/if}}
{{> distances}}
{{#if layers}}
{{#with layers}}
<h3 id="{{id}}">Layers{{> anchor id=id label="the layers"}}</h3>
<p class="sub">{{summary}}</p>
<div class="maps">
{{#each maps}}
<figure id="{{id}}">
<figcaption><b>{{title}}</b> <span>{{scale}}</span>{{> anchor id=id label="this map"}}</figcaption>
<div class="scroll" role="img" aria-label="{{description}}">{{{svg}}}</div>
</figure>
{{/each}}
</div>
<details open>
<summary><b>Layer by layer</b> <span>errors: relative Frobenius norms, percent; tr ΔHΔᵀ: squared output error on the calibration inputs; ÷ RTN: against round-to-nearest on the same grid</span></summary>
<div class="scroll" role="group" tabindex="0" aria-label="Layer by layer">
<table class="dense" id="{{id}}-table" data-sortable data-copy data-rows="layers">
<thead><tr><th scope="col" class="text">Layer<th scope="col" data-column="1">Bits/weight<th scope="col" data-column="2">Weight error, %{{#if hasInputs}}<th scope="col" data-column="3">Output error, %<th scope="col">tr ΔHΔᵀ<th scope="col" data-column="5">÷ RTN{{/if}}<th scope="col" class="text">Notes</thead>
<tbody>
{{#each rows}}
<tr{{#if isFallback}} class="fallback"{{/if}}><th scope="row">{{layer}}<td data-sort="{{bitsPerWeight}}">{{bitsPerWeight}}<td data-sort="{{weightError}}">{{weightError}}{{#if ../hasInputs}}<td data-sort="{{outputError}}">{{outputError}}<td>{{squared}}<td data-sort="{{ratio}}">{{ratio}}{{/if}}<td class="text">{{note}}
{{/each}}
</tbody>
</table>
</div>
</details>
{{/with}}
{{/if}}
<h3 id="{{cellsId}}">Cells{{> anchor id=cellsId label="the cells"}}</h3>
<div class="scroll" role="group" tabindex="0" aria-label="Cells">
<table class="dense" id="{{cellsId}}-table" data-copy>
<thead><tr><th scope="col" class="text">Task<th scope="col" class="text">Status<th scope="col" class="text">Precision<th scope="col" class="text">Products<th scope="col" class="text">Token ids<th scope="col" class="text">Cell</thead>
<tbody>
{{#each cells}}
<tr><th scope="row">{{task}}<td class="text">{{status}}<td class="text">{{precision}}<td class="text">{{products}}<td class="text">{{#if tokens}}<code class="hash" title="{{tokens}}">{{tokens}}</code>{{/if}}<td class="text"><code class="hash" title="{{digest}}">{{digest}}</code>
{{/each}}
</tbody>
</table>
</div>
{{#each simulated}}
<p>{{this}}</p>
{{/each}}
</section>
{{/each}}
{{> protocol protocol}}
{{> times times}}
</main>
{{/frame}}
`;
