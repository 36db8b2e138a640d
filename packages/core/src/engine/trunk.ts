import type { Pack } from '../scoring/token-scorer.js';
import { packedFeeds } from './feeds.js';
import type { PastArrays } from './past.js';
import type { Feed, Session } from './runtime.js';
import type { States } from './states.js';

/** Tokens that go through the body in one run: attention over all of a long trunk would take too much memory. */
const chunkTokens = 512;

/** Tokens that several packs continue, in keys and values. */
export class Trunk {
  constructor(
    readonly ids: Int32Array,
    readonly past: PastArrays,
    readonly session: Session,
  ) {}

  /** Computes them. */
  async grow(): Promise<void> {
    const positions = Int32Array.from(this.ids, (_, at) => at);
    for (let before = 0; before < this.ids.length; before += chunkTokens) {
      const ids = this.ids.subarray(before, before + chunkTokens);
      const { length } = ids;
      const { feeds } = packedFeeds(
        {
          ...{ ids, positions: positions.subarray(before, before + length) },
          ...{ ends: new Int32Array(length).fill(length), rows: Int32Array.of(0, length) },
          ...{ sources: Int32Array.of(0), targets: new Int32Array(0) },
        },
        before,
      );
      const continued = { row: 0, past: [before], length };
      this.past.keep(continued, await this.session.run({ ...feeds, ...this.past.feeds(continued) }));
    }
  }

  /** Final hidden states of a pack that continues them. */
  async states(feeds: Record<string, Feed>, { ids, sources }: Pack, width: number): Promise<States> {
    const hidden = { data: new Float32Array(sources.length * width), dims: [sources.length, width] };
    const continued = { row: 0, past: [this.ids.length], length: ids.length };
    await this.session.run({ ...feeds, ...this.past.feeds(continued) }, { hidden });
    return { data: hidden.data, width };
  }
}
