/** A list of figures, each with a place of its own. */
export const figures = `<div class="plots">
{{#each figures}}
<figure id="{{id}}">
<figcaption><b>{{title}}</b>{{#each facts}} <span>{{this}}</span>{{/each}}{{> anchor id=id label="this figure"}}</figcaption>
<div role="img" aria-label="{{description}}">{{{svg}}}</div>
</figure>
{{/each}}
</div>
`;

/** The front of several plots as a table, for who reads figures or copies them. */
export const front = `<details>
<summary><b>The fronts as a table</b> <span>{{rows.length}} rows; all figures are in the table of scores</span></summary>
<div class="scroll" role="group" tabindex="0" aria-label="Recipes on the fronts">
<table class="dense" id="{{id}}" data-sortable data-copy data-rows="rows">
<thead><tr><th scope="col" class="text" data-column="0">Recipe<th scope="col" class="text" data-column="1">Task<th scope="col" class="text" data-column="2">Metric<th scope="col" data-column="3">{{cost}}<th scope="col" data-column="4">Score<th scope="col" class="text" data-column="5">Standing</thead>
<tbody>
{{#each rows}}
<tr><th scope="row"><a href="{{href}}">{{recipe}}</a><td class="text">{{task}}<td class="text">{{metric}}<td data-sort="{{costSort}}">{{cost}}<td data-sort="{{sort}}">{{value}}<td class="text">{{standing}}
{{/each}}
</tbody>
</table>
</div>
</details>
`;
