const mark = (count: string): string =>
  `<span class="verdict {{sense}}"><span aria-hidden="true">{{sign}}</span> ${count}{{word}}</span>`;

export const indexPage = `{{#> frame}}
<header class="head">
<p class="kicker">Lowbit site</p>
<h1>{{title}}</h1>
<p class="finding">{{summary}}</p>
<nav aria-label="Pages"><a href="compare.html">Compare two runs</a>{{#if newest}}<a href="{{newest}}">The last night</a>{{/if}}</nav>
{{#if leftOut}}
<ul class="notes" aria-label="What could not be read">
{{#each leftOut}}
<li class="failed"><b>Left out</b> <span>{{folder}}: {{reason}}</span></li>
{{/each}}
</ul>
{{/if}}
</header>
<main id="content">
<div class="toolbar">
<h2 id="runs">Runs</h2>
<p class="tools" hidden data-tools="runs-table"><label>Filter <input type="search" placeholder="gptq wikitext2" data-filter="runs-table" autocomplete="off" spellcheck="false"></label> <span role="status" data-status="runs-table"></span></p>
</div>
{{#if rows}}
<div class="scroll" role="group" tabindex="0" aria-labelledby="runs">
<table class="runs" id="runs-table" data-sortable data-copy data-rows="runs" data-searched="6">
<caption class="hidden">Runs, the latest first</caption>
<thead>
<tr><th scope="col" data-column="0" class="text">Run</th><th scope="col" data-column="1" class="text">Created</th><th scope="col" data-column="2" class="text">Models</th><th scope="col" data-column="3" class="text">Recipes</th><th scope="col" data-column="4" class="text">Tasks</th>{{#if hasNights}}<th scope="col" data-column="5" class="text">Verdict</th>{{/if}}<th scope="col" class="text">Best quantized</th><th scope="col" class="text">Pages</th></tr>
</thead>
<tbody>
{{#each rows}}
<tr id="{{id}}"><th scope="row">{{#if href}}<a href="{{href}}">{{name}}</a>{{else}}{{name}}{{/if}}{{#if title}}<span class="about line">{{title}}</span>{{/if}}{{#if state}}<span class="about line worse">{{state}}</span>{{/if}}</th><td class="text" data-sort="{{created.sort}}">{{created.text}}</td><td class="text names">{{#each models}}<span class="line">{{this}}</span>{{/each}}</td><td class="text names" data-sort="{{recipes.count}}">{{recipes.count}}<span class="about line">{{#each recipes.text}}{{this}}<wbr>{{/each}}</span></td><td class="text names" data-sort="{{tasks.count}}">{{tasks.count}}<span class="about line">{{#each tasks.text}}{{this}}<wbr>{{/each}}</span></td>
{{~#if ../hasNights}}<td class="text">{{#if verdict}}{{#if verdict.moved}}{{#each verdict.moved}}<span class="line">${mark('{{count}} ')}</span>{{/each}}{{else}}<span class="verdict near">{{verdict.text}}</span>{{/if}}{{else}}–{{/if}}</td>{{/if~}}
<td class="text names">{{#each best}}<span class="line">{{task}} {{metric}}{{arrow}} <b>{{value}}</b> <small>{{recipe}}{{#if model}}, {{model}}{{/if}}</small></span>{{else}}–{{/each}}{{#if more}}<span class="about line">and {{more}} more</span>{{/if}}</td><td class="text">{{#each pages}}<span class="line"><a href="{{href}}">{{text}}</a></span>{{/each}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
{{else}}
<p class="sub">None that can be shown.</p>
{{/if}}
</main>
{{/frame}}
`;

export const comparePage = `{{#> frame}}
<nav class="site" aria-label="Site"><a href="index.html">All runs</a></nav>
<header class="head">
<p class="kicker">Lowbit comparison</p>
<h1>Compare two runs</h1>
<form id="choice" class="choice" hidden>
<label>Before <select id="choice-a" name="a"><option value="">choose a run</option>
{{#each runs}}
<option value="{{slug}}">{{text}}</option>
{{/each}}
</select></label>
<label>After <select id="choice-b" name="b"><option value="">choose a run</option>
{{#each runs}}
<option value="{{slug}}">{{text}}</option>
{{/each}}
</select></label>
<button type="submit">Compare</button>
<button type="button" id="swap">Swap</button>
</form>
<p id="outcome" class="finding" role="status"></p>
<p id="prepared" class="sub" hidden><a href="index.html">The page of these two with paired tests</a></p>
<noscript><p class="sub">Two runs of one's choice are compared by a script, which is off here. The pages below need none.</p></noscript>
</header>
<main id="content">
<section id="figures" class="opening" hidden>
<div class="toolbar">
<h2 id="figures-head">Figures</h2>
<p class="tools" hidden data-tools="figures-table"><label>Filter <input type="search" placeholder="gptq piqa" data-filter="figures-table" autocomplete="off" spellcheck="false"></label> <span role="status" data-status="figures-table"></span></p>
</div>
<div class="scroll" role="group" tabindex="0" aria-labelledby="figures-head">
<table class="verdicts" id="figures-table" data-sortable data-copy data-rows="figures">
<caption class="hidden">Figures of two runs and their plain differences</caption>
<thead><tr><th scope="col" data-column="0" class="text">Recipe</th><th scope="col" data-column="1" class="text">Model</th><th scope="col" data-column="2" class="text">Task and metric</th><th scope="col" data-column="3">Before</th><th scope="col" data-column="4">After</th><th scope="col" data-column="5">Difference</th><th scope="col" class="text">Note</th></tr></thead>
<tbody></tbody>
</table>
</div>
<p class="key"><span>plain differences: no test says which of them are more than noise</span><span>± one standard error of a figure alone; those of the same documents go together, so a difference is more certain than they suggest</span><span>▲ better, ▼ worse</span></p>
</section>
<section id="changes" hidden>
<h2>What differs between the two runs</h2>
<div class="scroll" role="group" tabindex="0" aria-label="What differs between the two runs">
<table class="changes" id="changes-table" data-copy>
<caption class="hidden">What differs between the two runs</caption>
<thead><tr><th scope="col" class="text">What</th><th scope="col" class="text">Of</th><th scope="col" class="text">Before</th><th scope="col" class="text">After</th></tr></thead>
<tbody></tbody>
</table>
</div>
</section>
<section id="pairs">
<h2>With paired tests</h2>
{{#if differences}}
<p class="sub">Runs of one name, each against the one before it.</p>
<ul>
{{#each differences}}
<li><a href="{{href}}" data-pair="{{key}}">{{text}}</a></li>
{{/each}}
</ul>
{{else}}
<p class="sub">None here: no name has two runs.</p>
{{/if}}
<p class="sub">For any other two: <code>lowbit compare RUN RUN -o FOLDER</code>.</p>
</section>
</main>
{{/frame}}
`;
