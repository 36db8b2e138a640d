export const comparisons = `<h3>Comparisons</h3>
<p class="key"><span>every two recipes on the same documents</span><span>relative differences in percent: perplexities; points: shares</span><span>a : b: documents on which the recipe alone, and the other alone, is right (exact McNemar)</span><span>n: windows, documents or groups of them drawn (paired bootstrap)</span></p>
<details class="pairs">
<summary><b>{{rows.length}} comparisons</b> <span>{{summary}}</span></summary>
<div class="scroll" role="region" tabindex="0" aria-label="Comparisons">
<table class="dense">
<thead><tr><th scope="col" class="text">Recipe<th scope="col" class="text">Against<th scope="col" class="text">Task<th scope="col" class="text">Metric<th scope="col">Difference<th scope="col">95 % interval<th scope="col">Rests on<th scope="col">p<th scope="col">p, Holm<th scope="col" class="text">Told apart</thead>
<tbody>
{{#each rows}}
<tr><th>{{recipe}}<td class="text">{{against}}<td class="text">{{task}}<td class="text">{{metric}}<td>{{difference}}<td>{{interval}}<td>{{rested}}<td>{{p}}<td>{{adjusted}}<td>{{#if isDistinct}}yes{{else}}no{{/if}}
{{/each}}
</tbody>
</table>
</div>
</details>
`;
