export const forests = `<h3 id="{{id}}">Differences to float{{> anchor id=id label="differences to float"}}</h3>
{{> figures}}
<p class="key"><span>bars: 95 % intervals of the difference on the same documents, each by itself</span><span>filled: told from float after Holm's correction over the table; hollow: not</span>{{#if all}}<span>of {{all}} recipes those on the Pareto fronts; each recipe's page has its own</span>{{/if}}</p>
<details>
<summary><b>The differences as a table</b> <span>{{rows.length}} rows</span></summary>
<div class="scroll" role="group" tabindex="0" aria-label="Differences to float">
<table class="dense" id="{{tableId}}" data-sortable data-copy data-rows="rows">
<caption class="hidden">Differences to float</caption>
<thead><tr><th scope="col" class="text" data-column="0">Recipe<th scope="col" class="text" data-column="1">Task<th scope="col" class="text" data-column="2">Metric<th scope="col" data-column="3">Difference<th scope="col">95 % interval<th scope="col" class="text" data-column="5">Told from float</thead>
<tbody>
{{#each rows}}
<tr><th scope="row"><a href="{{href}}">{{recipe}}</a><td class="text">{{task}}<td class="text">{{metric}}<td data-sort="{{sort}}">{{difference}}<td>{{interval}}<td class="text">{{told}}
{{/each}}
</tbody>
</table>
</div>
</details>
`;
