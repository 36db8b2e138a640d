export const times = `<section id="{{id}}" class="times">
<h2>Times of this execution{{> anchor id=id label="times"}}</h2>
<p class="sub">Measurements, not results: they differ from one execution to the next, and nothing above depends on them.</p>
{{#each plots}}
<h3 id="{{id}}">{{heading}}{{> anchor id=id label="this part"}}</h3>
{{> figures}}
<p class="key"><span>seconds of this machine; recipes are quantized together; each has what it would have taken by itself, shared passes counted whole</span><span>band: the front, no recipe that took less or as long scores as well</span></p>
{{> front front}}
{{/each}}
<details>
<summary><b>{{rows.length}} {{what}}</b> <span>seconds, tokens computed a second, and peak memory</span></summary>
<div class="scroll" role="group" tabindex="0" aria-label="Times">
<table class="dense" id="{{id}}-table" data-sortable data-copy data-rows="rows">
<thead><tr><th scope="col" class="text" data-column="0">Recipe</th><th scope="col" class="text" data-column="1">{{whatElse}}</th><th scope="col" data-column="2">Quantize, s</th><th scope="col" data-column="3">Load, s</th><th scope="col" data-column="4">Score, s</th><th scope="col" data-column="5">Tokenize, s</th><th scope="col" data-column="6">Tokens/s</th><th scope="col" data-column="7">Peak memory</th></tr></thead>
<tbody>
{{#each rows}}
<tr><th scope="row">{{recipe}}<td class="text">{{other}}<td data-sort="{{quantize.sort}}">{{quantize.text}}<td data-sort="{{load.sort}}">{{load.text}}<td data-sort="{{score.sort}}">{{score.text}}<td data-sort="{{tokenize.sort}}">{{tokenize.text}}<td data-sort="{{rate.sort}}">{{rate.text}}<td data-sort="{{peakMemory.sort}}">{{peakMemory.text}}
{{/each}}
</tbody>
</table>
</div>
</details>
</section>
`;
