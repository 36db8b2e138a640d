/** Closing tags that HTML lets one leave out are left out: there are thousands of rows. */
export const layers = `<h3>Layers</h3>
<p class="key"><span>weight and output error: relative Frobenius norms, percent</span><span>tr ΔHΔᵀ: squared output error on the calibration inputs</span><span>÷ RTN: against round-to-nearest on the same grid</span></p>
{{#each layers}}
<details class="layers">
<summary><b>{{recipe}}</b> <span>{{summary}}</span></summary>
<div class="scroll" role="region" tabindex="0" aria-label="Layers of {{recipe}}">
<table class="dense">
<thead><tr><th scope="col" class="text">Layer<th scope="col">Bits/weight<th scope="col">Weight error, %<th scope="col">Output error, %<th scope="col">tr ΔHΔᵀ<th scope="col">÷ RTN<th scope="col" class="text">Notes</thead>
<tbody>
{{#each rows}}
<tr{{#if isFallback}} class="fallback"{{/if}}><th>{{layer}}<td>{{bitsPerWeight}}<td>{{weightError}}<td>{{outputError}}<td>{{squared}}<td>{{ratio}}<td>{{note}}
{{/each}}
</tbody>
</table>
</div>
</details>
{{/each}}
`;
