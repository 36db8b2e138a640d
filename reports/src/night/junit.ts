import type { Night, RowVerdict, Verdict } from '@lowbit/core';
import { create, type XMLElement } from 'xmlbuilder';
import { formatDifference, formatPair } from '../difference/format-figures.js';
import { describeRest } from '../difference/rows-view.js';
import { joinRows, type NightRow } from './night-rows.js';

type Outcome = 'failure' | 'error' | 'skipped' | undefined;

/** What a test reporter makes of a verdict: a regression fails, what nobody could compute is an error. */
const outcomes: Readonly<Record<Verdict, Outcome>> = {
  worse: 'failure',
  incomparable: 'failure',
  failed: 'error',
  gone: 'skipped',
  new: undefined,
  improved: undefined,
  same: undefined,
};

/** A night for what reads tests: a suite for each model and recipe, a case for each figure. */
export function renderJunit(night: Night): string {
  const rows = joinRows(night);
  const root = create('testsuites', {
    encoding: 'UTF-8',
    // Of XML 1.0; a name may hold any other character.
    invalidCharReplacement: '\uFFFD',
  });
  setCounts(root.att('name', night.title), rows);
  const suites = new Map<string, NightRow[]>();
  for (const row of rows) {
    const name = `${row.key.model} ${row.key.recipe}`;
    suites.set(name, [...(suites.get(name) ?? []), row]);
  }
  for (const [name, own] of suites) {
    const suite = setCounts(root.ele('testsuite').att('name', name), own).att('timestamp', night.run.created);
    addProperties(suite, night);
    for (const row of own) addCase(suite, name, row);
  }
  return `${root.end({ pretty: true })}\n`;
}

function setCounts(element: XMLElement, rows: readonly NightRow[]): XMLElement {
  const count = (outcome: Outcome): number => rows.filter((row) => outcomeOf(row) === outcome).length;
  return element
    .att('tests', rows.length)
    .att('failures', count('failure'))
    .att('errors', count('error'))
    .att('skipped', count('skipped'));
}

function addProperties(suite: XMLElement, { run, baseline, againstBaseline, againstLast }: Night): void {
  const facts = {
    night: run.name,
    baseline: againstBaseline && `${baseline} (${againstBaseline.before.name})`,
    'last night': againstLast?.before.name,
  };
  const properties = suite.ele('properties');
  for (const [name, value] of Object.entries(facts))
    if (value !== undefined) properties.ele('property').att('name', name).att('value', value);
}

function addCase(suite: XMLElement, className: string, row: NightRow): void {
  const { key, picked, against } = row;
  const test = suite
    .ele('testcase')
    .att('classname', className)
    .att('name', `${key.task} ${key.metric || 'result'}`);
  const outcome = outcomeOf(row);
  if (outcome === undefined || !picked) return;
  const text = `${describe(picked)}${against ? `, against the ${against}` : ''}`;
  const element = test.ele(outcome).att('message', text);
  if (outcome === 'skipped') return;
  element.att('type', picked.verdict).txt(`${text}\n${describeRest(picked)}`);
}

function outcomeOf({ picked }: NightRow): Outcome {
  return picked && outcomes[picked.verdict];
}

function describe(row: RowVerdict): string {
  const { before, after } = formatPair(row);
  const difference = formatDifference(row);
  const figures = `${before} to ${after}${difference === undefined ? '' : ` (${difference})`}`;
  if (row.verdict === 'worse') return `worse: ${figures}`;
  return row.reason === undefined ? row.verdict : `${row.verdict}: ${row.reason}`;
}
