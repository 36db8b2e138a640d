export const page = `{{#> frame}}
<header class="head">
<p class="kicker">Lowbit report</p>
<h1>{{title}}</h1>
{{#each findings}}
<p class="finding">{{this}}</p>
{{/each}}
<p class="meta">{{#each meta}}<span>{{this}}</span>{{/each}}<span>created <time>{{created}}</time></span></p>
{{#if notes}}
<ul class="notes" aria-label="Notes to read before the figures">
{{#each notes}}
<li class="{{kind}}"><b>{{word}}</b> <span>{{text}}</span></li>
{{/each}}
</ul>
{{/if}}
<nav aria-label="Sections">{{#each links}}<a href="#{{id}}">{{label}}</a>{{/each}}</nav>
</header>
<main id="content">
{{#each runs}}
{{#if heading}}
<h2 class="run">{{heading}}</h2>
{{/if}}
{{#each models}}
<section class="model" id="{{id}}">
<h2>{{name}}{{> anchor id=id label="this model"}}</h2>
<p class="sub">{{facts}}</p>
{{> results results heading="Scores"}}
{{#if more}}
<details>
<summary><b>Other metrics</b> <span>of the same recipes and tasks</span></summary>
{{> results more heading="Other metrics"}}
</details>
{{/if}}
{{#if plots.figures}}
{{> plots plots}}
{{/if}}
{{#if forests}}
{{> forests forests}}
{{/if}}
{{#if comparisons}}
{{> comparisons comparisons}}
{{/if}}
{{> distances}}
{{#if layers}}
{{> layers layers}}
{{/if}}
</section>
{{/each}}
{{> protocol protocol}}
{{> times times}}
{{/each}}
</main>
{{/frame}}
`;
