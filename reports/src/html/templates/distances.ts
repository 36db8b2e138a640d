/** A table a task; the scale below the histograms stands in the head of their column. */
export const distances = `{{#each distances}}
<h3 id="{{id}}">Distance to float, {{task}}{{> anchor id=id label="this table"}}</h3>
<p class="key"><span>KL(float ‖ recipe) of {{tokens}} next-token distributions, nats</span><span>histogram: share of tokens, on a logarithmic axis; its first step holds all that is smaller</span></p>
<div class="scroll" role="group" tabindex="0" aria-label="Distance to float on {{task}}">
<table class="dense charts" id="{{id}}-table" data-sortable data-copy data-rows="recipes">
<thead><tr><th scope="col" class="text" data-column="0">Recipe<th scope="col" data-column="1">Mean<th scope="col" data-column="2">Median<th scope="col" data-column="3">99 %<th scope="col" data-column="4">Largest<th scope="col" class="chart"><span class="hidden">Histogram</span><span class="ticks" aria-hidden="true">{{#each ticks}}<i style="left:{{place}}%">{{label}}</i>{{/each}}</span></thead>
<tbody>
{{#each rows}}
<tr><th scope="row"><a href="{{href}}">{{recipe}}</a>{{#each figures}}<td data-sort="{{sort}}">{{text}}{{/each}}<td class="chart">{{{svg}}}
{{/each}}
</tbody>
</table>
</div>
{{/each}}
`;
