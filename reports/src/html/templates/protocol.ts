const facts = (list: string) => `<dl class="facts">
{{#each ${list}}}
<div><dt>{{name}}</dt><dd>{{#if isHash}}<code class="hash" title="{{value}}">{{value}}</code>{{else}}{{value}}{{/if}}</dd></div>
{{/each}}
</dl>`;

export const protocol = `<section id="{{id}}">
<h2>Protocol{{> anchor id=id label="the protocol"}}</h2>
<p class="sub">What was scored and how. Two figures can be compared when these lines agree.</p>
<h3>Tasks</h3>
<div class="scroll" role="group" tabindex="0" aria-label="Tasks">
<table>
<thead><tr><th scope="col" class="text">Task</th>{{#if severalModels}}<th scope="col" class="text">Model</th>{{/if}}<th scope="col" class="text">Metrics</th><th scope="col">Documents</th><th scope="col">Tokens</th><th scope="col">Computed</th><th scope="col">Windows</th><th scope="col" class="text">Token ids</th><th scope="col" class="text">Source and files</th></tr></thead>
<tbody>
{{#each tasks}}
<tr><th scope="row">{{name}} <small>v{{version}}</small>{{#if prompt}} <small>{{prompt}}</small>{{/if}}<span class="about">{{description}}</span></th>
{{~#if ../severalModels}}<td class="text">{{model}}</td>{{/if~}}
<td class="text">{{#each metrics}}<span class="line">{{name}} {{arrow}}{{#if protocol}} <code>{{protocol}}</code>{{/if}}</span>{{/each}}</td><td>{{documents}}{{#if limit}}<span class="delta">limit {{limit}}</span>{{/if}}</td><td>{{tokens}}</td><td>{{computedTokens}}{{#if savedTokens}}<span class="delta">{{savedTokens}} saved</span>{{/if}}</td><td>{{windows}}</td><td class="text">{{#if tokenSha256}}<code class="hash" title="{{tokenSha256}}">{{tokenSha256}}</code>{{else}}–{{/if}}</td><td class="text wide">{{source}}{{#each files}}<span class="line file">{{path}} <small>{{size}}</small> <code class="hash" title="{{sha256}}">{{sha256}}</code></span>{{/each}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
<p class="key"><span>tokens: scored</span><span>computed: run through the model; saved: what shared prefixes spared</span><span>hashes are sha256; a copied hash is complete</span></p>
{{#if groups}}
<h3>Task groups</h3>
{{#each groups}}
<p>{{this}}</p>
{{/each}}
{{/if}}
<h3>Models</h3>
<div class="scroll" role="group" tabindex="0" aria-label="Models">
<table>
<thead><tr><th scope="col" class="text">Model</th><th scope="col" class="text">Family</th><th scope="col">Parameters</th><th scope="col">Bits per weight</th><th scope="col" class="text">Checkpoint</th><th scope="col" class="text">Tokenizer</th></tr></thead>
<tbody>
{{#each models}}
<tr><th scope="row">{{name}}</th><td class="text">{{family}}</td><td>{{parameters}}</td><td>{{bitsPerWeight}}</td><td class="text"><code class="hash" title="{{digest}}">{{digest}}</code></td><td class="text">{{#if tokenizer}}<code class="hash" title="{{tokenizer}}">{{tokenizer}}</code>{{else}}–{{/if}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
<h3>Recipes</h3>
<div class="scroll" role="group" tabindex="0" aria-label="Recipes">
<table>
<thead><tr><th scope="col" class="text">Recipe</th><th scope="col">Bits</th><th scope="col" class="text">Steps, every option after defaults</th></tr></thead>
<tbody>
{{#each recipes}}
<tr><th scope="row">{{name}}</th><td>{{bits}}</td><td class="text wide">{{#each steps}}<span class="line"><b>{{method}}</b> <small>v{{version}}</small>{{#each options}} <code class="option">{{key}}={{value}}</code>{{/each}}{{#each overrides}} <code class="option">{{this}}</code>{{/each}}</span>{{else}}the checkpoint itself{{/each}}</td></tr>
{{/each}}
</tbody>
</table>
</div>
{{#if calibration}}
<h3>Calibration</h3>
${facts('calibration')}
{{/if}}
<h3>Environment</h3>
${facts('environment')}
</section>
`;
