export const plots = `<h3>Scores against size</h3>
<ul class="legend" aria-hidden="true">
{{#each legend}}
<li><svg width="34" height="12" viewBox="0 0 34 12"><path d="M1 6H33" stroke="{{colour}}" stroke-width="1.75" stroke-dasharray="{{dash}}"/><path d="{{outline}}" fill="{{colour}}" transform="translate(17 6)"/></svg>{{name}}</li>
{{/each}}
{{#if hasBaseline}}
<li><svg width="34" height="12" viewBox="0 0 34 12"><path d="M1 6H33" stroke="var(--muted)" stroke-dasharray="3 3"/></svg>float</li>
{{/if}}
</ul>
<div class="plots">
{{#each figures}}
<figure>
<figcaption><b>{{title}}</b> <span>{{direction}}</span>{{#if isLog}} <span>logarithmic axis</span>{{/if}}</figcaption>
<div role="img" aria-label="{{description}}">{{{svg}}}</div>
</figure>
{{/each}}
</div>
<p class="key"><span>bars: ± one standard error</span><span>the figures are those of the table above</span></p>
`;
