export const comparisons = `<h3 id="{{id}}">Comparisons{{> anchor id=id label="comparisons"}}</h3>
<p class="key"><span>two recipes on the same documents</span><span>relative differences in percent: perplexities; points: shares</span><span>a : b: documents on which the recipe alone, and the other alone, is right (exact McNemar)</span><span>n: windows, documents or groups of them drawn (paired bootstrap)</span></p>
<details class="pairs">
<summary><b>{{count}} comparisons</b> <span>{{summary}}</span></summary>
{{#if rows}}
<div class="scroll" role="group" tabindex="0" aria-label="Comparisons">
<table class="dense" id="{{id}}-table" data-sortable data-copy data-rows="comparisons">
<thead><tr><th scope="col" class="text" data-column="0">Recipe<th scope="col" class="text" data-column="1">Against<th scope="col" class="text" data-column="2">Task<th scope="col" class="text" data-column="3">Metric<th scope="col" data-column="4">Difference<th scope="col">95 % interval<th scope="col">Rests on<th scope="col" data-column="7">p<th scope="col" data-column="8">p, Holm<th scope="col" class="text" data-column="9">Told apart</thead>
<tbody>
{{#each rows}}
<tr><th scope="row">{{recipe}}<td class="text">{{against}}<td class="text">{{task}}<td class="text">{{metric}}<td data-sort="{{sort}}">{{difference}}<td>{{interval}}<td>{{rested}}<td data-sort="{{pSort}}">{{p}}<td data-sort="{{adjustedSort}}">{{adjusted}}<td class="text">{{#if isDistinct}}yes{{else}}no{{/if}}
{{/each}}
</tbody>
</table>
</div>
{{/if}}
</details>
`;
