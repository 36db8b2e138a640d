import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { compareRun, differRuns, digestOf, lockRun, readSamples } from '@lowbit/core';
import {
  addSiteLink,
  countVerdicts,
  nameDifference,
  renderCompare,
  renderDifference,
  renderIndex,
} from '@lowbit/reports';
import { renderNight, renderReport, renderRunScript } from '@lowbit/reports';
import type { ReportFile, Site, SiteDifference, SiteRun } from '@lowbit/reports';
import { fingerprintPages } from './fingerprint-pages.js';
import { linkRuns, relinkNight, type Links } from './night-links.js';
import { gatherRuns, type FoundRun } from './site-runs.js';
import { SiteState } from './site-state.js';

export interface SiteOutcome {
  runs: number;
  /** Runs and pages of two runs that were rendered in this build, and those that lay there. */
  rendered: number;
  reused: number;
  removed: number;
  leftOut: Site['leftOut'];
}

/** A static site of runs: what is unchanged stays, what is gone goes. Throws RUN_LOCKED, RUN_UNREADABLE and USAGE. */
export async function buildSite(folders: readonly string[], output: string, title: string): Promise<SiteOutcome> {
  const { runs, leftOut } = await gatherRuns(folders);
  await mkdir(output, { recursive: true });
  const release = await lockRun(join(output, 'site.lock'));
  try {
    const state = await SiteState.open(output);
    return await new Builder(runs, state, await fingerprintPages()).build(title, leftOut);
  } finally {
    await release();
  }
}

class Builder {
  readonly #links: Links;
  #rendered = 0;
  #reused = 0;

  constructor(
    readonly runs: readonly FoundRun[],
    readonly state: SiteState,
    /** Of the code that makes pages. */
    readonly code: string,
  ) {
    this.#links = linkRuns(runs);
  }

  async build(title: string, leftOut: Site['leftOut']): Promise<SiteOutcome> {
    const shown: SiteRun[] = [];
    for (const run of this.runs) shown.push(await this.#writeRun(run));
    const differences: SiteDifference[] = [];
    for (const [before, after] of listNeighbours(this.runs))
      differences.push(await this.#writeDifference(before, after));
    const site: Site = { title, runs: shown, differences, leftOut };
    const lists = [
      { file: 'index.html', content: await renderIndex(site) },
      { file: 'compare.html', content: await renderCompare(site) },
    ];
    await this.state.write('lists', digestOf(lists), lists);
    const removed = await this.state.prune();
    return { runs: shown.length, rendered: this.#rendered, reused: this.#reused, removed, leftOut };
  }

  async #writeRun(run: FoundRun): Promise<SiteRun> {
    const { slug, manifest, cells } = run;
    const hasReport = cells.length > 0;
    const night = run.night && relinkNight(run.night, this.#links, hasReport);
    const digest = digestOf({ code: this.code, run: run.digest, night, slug });
    const name = `run ${slug}`;
    if (await this.state.reuse(name, digest)) this.#reused++;
    else {
      const files: ReportFile[] = [{ file: `data/${slug}.js`, content: renderRunScript(slug, { manifest, cells }) }];
      if (hasReport) {
        const comparisons = await compareRun(run.folder, run);
        files.push(
          ...this.#place(slug, await renderReport({ manifest, cells, comparisons }, ['html', 'csv', 'md', 'tex'])),
        );
      }
      if (night) files.push(...this.#place(slug, await renderNight(night, ['html', 'json'])));
      await this.state.write(name, digest, files);
      this.#rendered++;
    }
    const verdict = night && {
      counts: night.counts,
      alarm: night.alarm,
      isFirst: !night.againstLast && !night.againstBaseline,
    };
    return { slug, run: { manifest, cells }, hasReport, night: verdict };
  }

  /** Into the run's folder, with the way back to the list. */
  #place(slug: string, files: readonly ReportFile[]): ReportFile[] {
    return files.map(({ file, content }) => {
      const path = `runs/${slug}/${file}`;
      const root = '../'.repeat(path.split('/').length - 1);
      return { file: path, content: file.endsWith('.html') ? addSiteLink(content, root) : content };
    });
  }

  async #writeDifference(before: FoundRun, after: FoundRun): Promise<SiteDifference> {
    const pair = { before: before.slug, after: after.slug };
    const name = `difference ${before.slug} ${after.slug}`;
    const digest = digestOf({ code: this.code, before: before.digest, after: after.digest, pair });
    const known = await this.state.reuse(name, digest);
    if (known?.counts) {
      this.#reused++;
      return { ...pair, counts: known.counts };
    }
    const difference = await differRuns(openRun(before), openRun(after));
    const counts = countVerdicts(difference.rows);
    const pages = await renderDifference(difference, ['html']);
    const files = pages.map(({ content }) => ({ file: nameDifference(pair), content: addSiteLink(content, '../') }));
    await this.state.write(name, digest, files, counts);
    this.#rendered++;
    return { ...pair, counts };
  }
}

/** Each run with the one of its name before it, where they have something in common. */
function listNeighbours(runs: readonly FoundRun[]): [FoundRun, FoundRun][] {
  const last = new Map<string, FoundRun>();
  return runs.flatMap((run): [FoundRun, FoundRun][] => {
    const before = last.get(run.manifest.name);
    last.set(run.manifest.name, run);
    return before && hasCommon(before, run) ? [[before, run]] : [];
  });
}

function hasCommon(before: FoundRun, after: FoundRun): boolean {
  const names = ({ manifest }: FoundRun): string[] =>
    manifest.cells.map(({ model, recipe, task }) => JSON.stringify([model, recipe, task]));
  const known = new Set(names(before));
  return names(after).some((name) => known.has(name));
}

function openRun({ folder, manifest, cells, slug }: FoundRun) {
  const href = cells.length > 0 ? `../runs/${slug}/report.html` : undefined;
  return { manifest, cells, href, read: (digest: string) => readSamples(folder, digest) };
}
