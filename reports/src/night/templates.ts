import { verdictTable } from '../difference/templates.js';

export const nightRows = verdictTable(
  `<th scope="col" data-column="2" class="text">Verdict</th><th scope="col" data-column="3">Baseline</th><th scope="col" data-column="4">Last night</th><th scope="col" data-column="5">This night</th><th scope="col" data-column="6">Difference</th><th scope="col" class="text">Nights</th><th scope="col" class="text">Rests on</th>`,
  `
{{~#if verdict}}<td class="text"><span class="verdict {{verdict.sense}}"><span aria-hidden="true">{{verdict.sign}}</span> {{verdict.word}}</span>{{#if verdict.against}}<span class="delta line">against the {{verdict.against}}</span>{{/if}}</td>{{else}}<td class="text none">–</td>{{/if~}}
<td data-sort="{{baseline.sort}}">{{baseline.text}}</td><td data-sort="{{last.sort}}">{{last.text}}</td><td data-sort="{{now.sort}}"><b>{{now.text}}</b></td><td data-sort="{{difference.sort}}">{{difference.text}}</td><td class="text">{{#if spark}}{{{spark}}}<span class="hidden">{{points}}</span>{{/if}}</td><td class="rests">{{rests}}</td>`,
);

const trends = (list: string): string => `<div class="trends">
{{#each ${list}}}
<figure>
<figcaption><b>{{title}}</b> <span>{{recipe}}</span> <span>{{direction}}</span>{{#if verdict}} <span class="verdict {{verdict.sense}}"><span aria-hidden="true">{{verdict.sign}}</span> {{verdict.word}}</span>{{/if}}</figcaption>
<div role="img" aria-label="{{description}}">{{{svg}}}</div>
</figure>
{{/each}}
</div>`;

const since = (field: string, id: string): string => `{{#if ${field}}}
<section id="${id}">
<h2>{{${field}.title}}</h2>
<p class="sub">before: {{> label ${field}.before}} · after: {{> label ${field}.after}}</p>
{{> changes ${field}}}
{{#if ${field}.layers}}
<h3>Layers that moved</h3>
{{> layerShifts ${field}}}
{{/if}}
</section>
{{/if}}`;

export const nightPage = `{{#> frame}}
<header class="head">
<p class="kicker">Lowbit nightly</p>
<h1>{{title}}</h1>
{{> headline}}
{{#each findings}}
<p class="finding">{{this}}</p>
{{/each}}
<p class="meta"><span>night: {{> label run}}</span>{{#if last}}<span>last night: {{> label last}}</span>{{/if}}{{#if baseline}}<span>baseline {{baseline.as}}: {{> label baseline}}</span>{{/if}}<span>{{computed}}</span></p>
{{#if missingBaseline}}
<ul class="notes" aria-label="Notes to read before the figures">
<li class="missing"><b>Baseline</b> <span>{{missingBaseline}}</span></li>
</ul>
{{/if}}
<nav aria-label="Sections"><a href="#figures">Figures</a>{{#if sinceLast}}<a href="#since-last">Since the last night</a>{{/if}}{{#if sinceBaseline}}<a href="#since-baseline">Since the baseline</a>{{/if}}<a href="#trends">Trends</a><a href="#nights">Nights</a></nav>
</header>
<main id="content">
<section id="figures" class="opening">
<h2>Figures</h2>
<p class="sub">{{basis}}</p>
{{#if moved.rows}}
{{> nightRows moved}}
{{/if}}
{{#if rest.rows}}
{{#if rest.isFirst}}
{{> nightRows rest}}
{{else}}
<details id="same">
<summary><b>{{rest.rows.length}} the same</b> <span>as in {{#if baseline}}the baseline{{#if last}} and {{/if}}{{/if}}{{#if last}}the last night{{/if}}</span></summary>
{{> nightRows rest}}
</details>
{{/if}}
{{/if}}
<p class="key"><span>Nights: from left to right, this one last; triangles: worse (down) and better (up)</span><span>the signs ▲ and ▼ say better and worse, not up and down</span></p>
</section>
${since('sinceLast', 'since-last')}
${since('sinceBaseline', 'since-baseline')}
<section id="trends">
<h2>Trends</h2>
{{#if trends.moved}}
${trends('trends.moved')}
{{else}}
<p class="sub">Nothing moved{{#if trends.rest}}; the lines of what stayed are below{{/if}}.</p>
{{/if}}
{{#if trends.rest}}
<details id="trends-same">
<summary><b>{{trends.rest.length}} more</b> <span>figures without a change</span></summary>
${trends('trends.rest')}
</details>
{{/if}}
{{#if trends.leftOut}}
<p class="sub">{{trends.leftOut}} more have no chart here; their small lines are in the tables above, their points in verdict.json.</p>
{{/if}}
<p class="key"><span>bars: ± one standard error</span><span>thick orange: levels of the robust fit of a measurement</span></p>
</section>
<section id="nights">
<h2>Nights</h2>
<ol class="nights" reversed>
{{#each nights}}
<li>{{> label}}{{#each alarms}} <span class="verdict worse"><span aria-hidden="true">{{sign}}</span> {{count}} {{word}}</span>{{/each}}</li>
{{/each}}
</ol>
</section>
</main>
{{/frame}}
`;
