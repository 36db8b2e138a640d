export const forests = `<h3 id="{{id}}">Differences to float{{> anchor id=id label="differences to float"}}</h3>
{{> figures}}
<p class="key"><span>bars: 95 % intervals of the difference on the same documents, each by itself</span><span>filled: told from float after Holm's correction over the table; hollow: not</span>{{#if all}}<span>of {{all}} recipes those on the Pareto fronts; each recipe's page has its own</span>{{/if}}</p>
`;
