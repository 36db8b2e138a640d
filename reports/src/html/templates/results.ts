/** The line of tools and the table; what stands above is the page's. */
export const results = `<div class="toolbar">
<h3 id="{{id}}">{{heading}}{{> anchor id=id label="these scores"}}</h3>
<p class="tools" hidden data-tools="{{id}}-table"><label>Filter <input type="search" placeholder="gptq 3" data-filter="{{id}}-table" autocomplete="off" spellcheck="false"></label> <span role="status" data-status="{{id}}-table"></span></p>
</div>
<div class="scroll" role="group" tabindex="0" aria-labelledby="{{id}}">
<table class="results" id="{{id}}-table" data-sortable data-copy data-rows="recipes">
<caption class="hidden">{{caption}}</caption>
<thead>
<tr><th scope="col" rowspan="2" data-column="0" class="text">Recipe</th><th scope="col" rowspan="2" data-column="1" class="text">Method</th><th scope="col" rowspan="2" data-column="2">Bits</th><th scope="col" rowspan="2" data-column="3">Bits per<br>weight</th>
{{~#each tasks}}<th scope="colgroup" colspan="{{span}}" class="task">{{name}}</th>{{/each~}}
<th scope="col" rowspan="2" data-column="{{fallbackIndex}}" class="first">Fall&shy;backs</th></tr>
<tr>
{{~#each columns}}<th scope="col" data-column="{{index}}"{{#if isFirst}} class="first"{{/if}} title="{{title}}: {{direction}}">{{label}} <span class="arrow"><span aria-hidden="true">{{arrow}}</span><span class="hidden">, {{direction}}</span></span></th>{{/each~}}
</tr>
</thead>
<tbody>
{{#each rows}}
<tr{{#if startsGroup}} class="group"{{/if}}><th scope="row" id="{{id}}"><a href="{{href}}">{{#each recipe}}{{this}}<wbr>{{/each}}</a>{{> anchor id=id label="this row"}}</th><td class="text">{{series}}</td><td data-sort="{{bits.sort}}">{{bits.text}}</td><td data-sort="{{bitsPerWeight.sort}}">{{bitsPerWeight.text}}</td>
{{~#each cells}}
{{~#if done}}
<td{{#if isFirst}} class="first"{{/if}}{{#if measured}} data-measured{{/if}} data-sort="{{sort}}"{{#if title}} title="{{title}}"{{/if}}><span class="value">
{{~#if done.isBest}}<b{{#if done.isTie}} class="tie"{{/if}}>{{done.value}}</b>{{else}}{{done.value}}{{/if~}}
{{~#if done.stderr}} <small>± {{done.stderr}}</small>{{/if}}</span>
{{~#if done.delta}}<span class="delta {{done.delta.sense}}">{{done.delta.text}}{{#if done.delta.words}}<span class="hidden">, {{done.delta.words}}</span>{{/if}}</span>{{else}}{{#if ../isFloat}}<span class="delta">baseline</span>{{/if}}{{/if~}}
{{#if done.words}}<span class="hidden">, {{done.words}}</span>{{/if}}</td>
{{~else}}
<td class="{{other.kind}}{{#if isFirst}} first{{/if}}" data-sort=""{{#if title}} title="{{title}}"{{/if}}><span class="value">{{other.word}}</span>{{#if other.detail}}<span class="delta">{{other.detail}}<span class="hidden">: {{title}}</span></span>{{/if}}</td>
{{~/if}}
{{~/each~}}
<td class="first{{#if fallbacks.isNone}} zero{{/if}}" data-sort="{{fallbacks.sort}}"{{#if fallbacks.title}} title="{{fallbacks.title}}"{{/if}}>{{fallbacks.text}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
<p class="key">{{#if isLarge}}<span>n, intervals and tests of each figure are on the recipes' pages</span>{{/if}}<span><b>bold</b> best among the recipes of the same bits{{#if family}}, and those that tie with it{{/if}}</span><span>± one standard error</span><span>second line: difference to float, in points where the unit is percent</span><span><i class="delta worse">worse</i> or <i class="delta better">better</i> than float; {{#if family}}grey ≈: not told from float{{else}}grey: within two standard errors of the difference, taken as independent, which is cautious{{/if}}</span>{{#if family}}<span>told apart, ties: paired tests on the same documents {{family}}</span>{{/if}}</p>
`;
