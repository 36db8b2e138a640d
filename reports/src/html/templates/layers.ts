/** Closing tags that HTML lets one leave out are left out: a report may have hundreds of rows. */
export const layers = `<h3 id="{{id}}">Layers{{> anchor id=id label="layers"}}</h3>
<p class="key"><span>weight and output error: relative Frobenius norms, percent</span><span>maps: a column a block, a row a role</span>{{#each scales}}<span>shade: {{this}}, logarithmic, the same for all recipes</span>{{/each}}<span>below RTN: layers whose tr ΔHΔᵀ is smaller than round-to-nearest's on the same grid</span></p>
<div class="scroll" role="group" tabindex="0" aria-label="Layers">
<table class="dense charts" id="{{id}}-table" data-sortable data-copy data-rows="recipes">
<thead>
<tr><th scope="col" rowspan="2" class="text" data-column="0">Recipe<th scope="col" rowspan="2" data-column="1">Layers<th scope="colgroup" colspan="4" class="task">Weight error, %{{#if hasOutput}}<th scope="colgroup" colspan="4" class="task">Output error, %{{/if}}<th scope="col" rowspan="2" data-column="{{#if hasOutput}}10{{else}}6{{/if}}" class="first">Below RTN<th scope="col" rowspan="2" data-column="{{#if hasOutput}}11{{else}}7{{/if}}">Fall&shy;backs
<tr><th scope="col" data-column="2" class="first">median<th scope="col" data-column="3">largest<th scope="col" class="text">in<th scope="col" class="chart">map{{#if hasOutput}}<th scope="col" data-column="6" class="first">median<th scope="col" data-column="7">largest<th scope="col" class="text">in<th scope="col" class="chart">map{{/if}}
</thead>
<tbody>
{{#each rows}}
<tr><th scope="row"><a href="{{href}}">{{recipe}}</a><td>{{layers}}{{#with weight}}<td class="first" data-sort="{{sort}}">{{median}}<td data-sort="{{largestSort}}">{{largest}}<td class="text">{{worst}}<td class="chart">{{#if map}}<span role="img" aria-label="{{description}}">{{{map}}}</span>{{/if}}{{/with}}{{#with output}}<td class="first" data-sort="{{sort}}">{{median}}<td data-sort="{{largestSort}}">{{largest}}<td class="text">{{worst}}<td class="chart">{{#if map}}<span role="img" aria-label="{{description}}">{{{map}}}</span>{{/if}}{{/with}}<td class="first" data-sort="{{beatenSort}}">{{beaten}}<td>{{fallbacks}}
{{/each}}
</tbody>
</table>
</div>
`;
