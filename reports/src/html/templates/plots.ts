export const plots = `<h3 id="{{id}}">Scores against size{{> anchor id=id label="scores against size"}}</h3>
<ul class="legend" aria-hidden="true">
{{#each legend}}
<li><svg width="34" height="12" viewBox="0 0 34 12"><path d="M1 6H33" stroke="{{colour}}" stroke-width="1.25" stroke-dasharray="{{dash}}"/><path d="{{outline}}" fill="{{colour}}" transform="translate(17 6)"/></svg>{{name}}</li>
{{/each}}
<li><svg width="34" height="12" viewBox="0 0 34 12"><path d="M3 9H17V3H31" fill="none" stroke="var(--front)" stroke-width="6" stroke-linejoin="round" stroke-linecap="round"/></svg>Pareto front</li>
{{#if hasBaseline}}
<li><svg width="34" height="12" viewBox="0 0 34 12"><path d="M1 6H33" stroke="var(--muted)" stroke-dasharray="3 3"/></svg>float</li>
{{/if}}
</ul>
{{> figures}}
<p class="key">{{#if hasBars}}<span>bars: ± one standard error</span>{{/if}}<span>Pareto front: no recipe of fewer or as many bits scores as well</span>{{#if hasOpen}}<span>hollow: behind the front, but no paired test tells it from what lies before it</span>{{/if}}<span>faint: dominated</span></p>
{{> front front}}
`;
