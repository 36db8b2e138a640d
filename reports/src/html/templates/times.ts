export const times = `<section id="{{id}}" class="times">
<h2>Times of this execution</h2>
<p class="sub">Measurements, not results: they differ from one execution to the next, and nothing above depends on them.</p>
<details>
<summary><b>{{rows.length}} cells</b> <span>seconds, tokens computed a second, and peak memory</span></summary>
<div class="scroll" role="region" tabindex="0" aria-label="Times">
<table class="dense">
<thead><tr>{{#if severalModels}}<th scope="col" class="text">Model</th>{{/if}}<th scope="col" class="text">Recipe</th><th scope="col" class="text">Task</th><th scope="col">Quantize, s</th><th scope="col">Load, s</th><th scope="col">Score, s</th><th scope="col">Tokenize, s</th><th scope="col">Tokens/s</th><th scope="col">Peak memory</th></tr></thead>
<tbody>
{{#each rows}}
<tr>{{#if ../severalModels}}<th scope="row">{{model}}</th>{{/if}}<th scope="row">{{recipe}}</th><td class="text">{{task}}</td><td>{{quantize}}</td><td>{{load}}</td><td>{{score}}</td><td>{{tokenize}}</td><td>{{rate}}</td><td>{{peakMemory}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
</details>
</section>
`;
