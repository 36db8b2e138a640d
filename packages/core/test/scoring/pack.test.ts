import { packSequences, PythonRandom, type Pack, type PackedSequences, type TokenSequence } from '@lowbit/core';
import t from 'tap';

const sequence = (ids: number[], scoredFrom: number): TokenSequence => ({ ids: Int32Array.from(ids), scoredFrom });
const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Sequences that share prefixes by chance: few different tokens, each text grown from an earlier one. */
function randomSequences(random: PythonRandom, count: number, longest: number): TokenSequence[] {
  const texts: number[][] = [];
  for (let i = 0; i < count; i++) {
    const parent = texts.length > 0 ? texts[random.randint(0, texts.length - 1)] : [];
    const kept = parent.slice(0, random.randint(0, parent.length));
    const added = range(0, random.randint(2, longest)).map(() => random.randint(0, 3));
    texts.push([...kept, ...added]);
  }
  return texts.map((ids) => sequence(ids, random.randint(1, ids.length - 1)));
}

/** Follows the visibility rule from a source to its root: what the model sees there. */
function pathTo({ ids, ends, trunk = new Int32Array(0) }: Pack, source: number): number[] {
  return [...trunk, ...[...ids.subarray(0, source + 1)].filter((_, token) => source < ends[token])];
}

/** What each sequence's scores condition on and ask for, as the packs have it; by sequence. */
function readPacks({ packs }: PackedSequences): [path: number[], target: number][][] {
  const found: [number[], number][][] = [];
  for (const { pack, parts } of packs)
    for (const { sequence: index, scores } of parts) {
      if (found[index]) throw new Error(`Sequence ${index} is in the packs twice.`);
      found[index] = Array.from(scores, (at) => [pathTo(pack, pack.sources[at]), pack.targets[at]]);
    }
  return found;
}

/** The same from the sequences themselves: each scored token after all before it. */
function readSequences(sequences: TokenSequence[]): [path: number[], target: number][][] {
  return sequences.map(({ ids, scoredFrom }) =>
    range(scoredFrom, ids.length).map((end) => [[...ids.subarray(0, end)], ids[end]]),
  );
}

function depths({ packs }: PackedSequences): number[] {
  return packs.flatMap(({ pack }) => Array.from(pack.ids, (_, token) => pathTo(pack, token).length - 1));
}

function positions({ packs }: PackedSequences): number[] {
  return packs.flatMap(({ pack }) => [...pack.positions]);
}

t.test('choices share their context and their common beginning', async (t) => {
  const { packs, unsharedTokens, computedTokens } = packSequences([
    sequence([1, 2, 3, 4, 5], 2),
    sequence([1, 2, 3, 6, 7, 8], 2),
    sequence([9, 9], 1),
  ]);
  t.equal(packs.length, 1);
  const { pack, parts } = packs[0];
  t.strictSame([...pack.ids], [1, 2, 3, 4, 6, 7, 9]);
  t.strictSame([...pack.positions], [0, 1, 2, 3, 3, 4, 0]);
  t.strictSame([...pack.ends], [6, 6, 6, 4, 6, 6, 7]);
  t.equal(unsharedTokens, 4 + 5 + 1);
  t.equal(computedTokens, 7, 'the last token of a continuation is never fed');
  t.equal(pack.sources.length, 3 + 4 + 1 - 1, 'the score of 3 after 1, 2 is asked for once');
  t.strictSame(parts.map((part) => part.sequence).sort(), [0, 1, 2]);
});

t.test('random sequences in packs of many sizes keep their paths, positions and targets', async (t) => {
  const random = new PythonRandom(1);
  for (const packTokens of [1, 4, 16, 64, 512])
    for (const count of [1, 7, 40]) {
      const sequences = randomSequences(random, count, 12);
      const packed = packSequences(sequences, packTokens);
      t.strictSame(readPacks(packed), readSequences(sequences));
      t.strictSame(positions(packed), depths(packed));
      t.ok(packed.computedTokens <= packed.unsharedTokens);
      t.strictSame(packSequences(sequences, packTokens), packed, 'the same again');
    }
});

t.test('one pack of everything holds each distinct prefix once', async (t) => {
  const sequences = randomSequences(new PythonRandom(2), 60, 10);
  const prefixes = new Set(
    sequences.flatMap(({ ids }) => range(1, ids.length).map((length) => ids.subarray(0, length).join())),
  );
  t.equal(packSequences(sequences, 1e6).computedTokens, prefixes.size);
});

t.test('identical sequences are computed once', async (t) => {
  const sequences = [sequence([1, 2, 3], 1), sequence([1, 2, 3], 1), sequence([1, 2], 1)];
  const packed = packSequences(sequences);
  t.equal(packed.computedTokens, 2);
  t.strictSame(readPacks(packed), readSequences(sequences));
});

t.test('packs are filled: short trees leave little room', async (t) => {
  const random = new PythonRandom(3);
  const sequences = range(0, 400).map((i) => sequence([i, ...range(0, random.randint(20, 90))], 15));
  const { packs, computedTokens } = packSequences(sequences, 512);
  t.ok(packs.every(({ pack }) => pack.ids.length <= 512));
  t.ok(computedTokens / (packs.length * 512) > 0.97, `${computedTokens} tokens in ${packs.length} packs`);
});

t.test('a tree beyond the limit has a pack of its own', async (t) => {
  const context = range(0, 600);
  const choices = [10, 11, 12].map((first) => sequence([...context, ...range(first, first + 5)], 600));
  const { packs } = packSequences([...choices, sequence([1, 2, 3], 1)], 512);
  t.strictSame(
    packs.map(({ pack }) => pack.ids.length).sort((a, b) => a - b),
    [2, 600 + 3 * 4],
  );
});

t.test('a shared few-shot context is computed once and continued by as many packs as needed', async (t) => {
  const shots = range(0, 300);
  const docs = range(0, 100).map((doc) => sequence([...shots, 1000 + doc, ...range(0, 50)], 340));
  const packed = packSequences(docs, 512);
  t.equal(packed.unsharedTokens, 100 * 350);
  t.equal(packed.computedTokens, 300 + 100 * 50);
  t.equal(packed.necessaryTokens, packed.computedTokens);
  t.equal(new Set(packed.packs.map(({ pack }) => pack.trunk)).size, 1);
  t.ok(packed.packs.every(({ pack }) => pack.ids.length <= 512 && pack.rows.length === 2));
  t.strictSame(readPacks(packed), readSequences(docs));
});

t.test('a trunk ends where the first score is asked for', async (t) => {
  const shots = range(0, 100);
  const docs = range(0, 40).map((doc) => sequence([...shots, 1000 + doc, ...range(0, 30)], doc === 7 ? 60 : 110));
  const packed = packSequences(docs, 256);
  t.strictSame(
    [...(packed.packs[0].pack.trunk ?? [])],
    range(0, 59),
    'the source of the score of token 60 is token 59',
  );
  t.strictSame(readPacks(packed), readSequences(docs));
});

t.test('rows hold whole trees, and short trees stay in short rows', async (t) => {
  const random = new PythonRandom(4);
  const sequences = range(0, 200).map((i) => sequence([i, ...range(0, random.randint(5, i % 50 === 0 ? 300 : 60))], 3));
  const { packs, computedTokens, necessaryTokens } = packSequences(sequences, 1024);
  t.equal(computedTokens, necessaryTokens);
  for (const { pack } of packs) {
    const { rows, ends } = pack;
    const lengths = [...rows.subarray(1)].map((end, row) => end - rows[row]);
    t.ok(
      [...ends].every(
        (end, token) => rows.findLast((start) => start <= token) === rows.findLast((start) => start < end),
      ),
    );
    t.ok(lengths.filter((length) => length > 128).every((length) => length > 128 && length <= 301));
  }
  const square = packs.reduce(
    (sum, { pack }) =>
      sum +
      (pack.rows.length - 1) * Math.max(...[...pack.rows.subarray(1)].map((end, row) => end - pack.rows[row])) ** 2,
    0,
  );
  t.ok(square < computedTokens * 200, `${square} pairs for ${computedTokens} tokens`);
});

t.test('a prefix that is short is copied, at less than 5 %', async (t) => {
  const docs = range(0, 300).map((doc) => sequence([1, 2, 3, 1000 + doc, ...range(0, 40)], 10));
  const packed = packSequences(docs, 512);
  t.ok(packed.packs.every(({ pack }) => pack.trunk === undefined));
  t.ok(packed.computedTokens < 1.05 * packed.necessaryTokens, `${packed.computedTokens} for ${packed.necessaryTokens}`);
});
