import type { TokenSequence } from './encode.js';
import type { Pack } from './token-scorer.js';
import { buildTree, firstSource, makeNode, type TreeNode } from './token-tree.js';

/** Tokens of a pack: as many as amortise the weights. */
export const defaultPackTokens = 512;
/** Tokens of a row, over which attention goes: as few as do not copy prefixes. A larger tree has a row of its own. */
const rowTokens = 128;
/** From so many tokens on, a prefix of several packs is computed once and kept: a shorter one is copied at less cost. */
const trunkTokens = 32;

export interface PackedSequences {
  packs: PackPlan[];
  /** Tokens that would be fed if each sequence ran alone. */
  unsharedTokens: number;
  /** Distinct prefixes: tokens that have to be fed. */
  necessaryTokens: number;
  /** Tokens in the packs and their trunks. */
  computedTokens: number;
}

/** A pack and where each sequence finds its scores: `scores` index the pack's `sources`, in token order. */
export interface PackPlan {
  pack: Pack;
  parts: { sequence: number; scores: Int32Array }[];
}

/**
 * Sequences as token trees, each shared prefix once, packed side by side without padding. One tree over all of them,
 * so that sharing is found wherever it is: choices of a document, documents under one few-shot context. It is cut where
 * it exceeds `packTokens`: the path above becomes the trunk of the pieces if it is long, and is copied into each if it is
 * short. The same input gives the same packs.
 */
export function packSequences(sequences: readonly TokenSequence[], packTokens = defaultPackTokens): PackedSequences {
  const tree = buildTree(sequences);
  const rows = cutTree(tree, { from: 0, trunk: undefined }, sequences, packTokens).filter(({ root }) => root.size > 0);
  const packs = groupRows(rows, packTokens).map((group) => layOut(group, sequences));
  const trunks = new Set(packs.map(({ pack }) => pack.trunk));
  return {
    packs,
    unsharedTokens: sequences.reduce((sum, { ids }) => sum + ids.length - 1, 0),
    necessaryTokens: tree.size,
    computedTokens: [...packs.map(({ pack }) => pack.ids), ...trunks].reduce((sum, ids) => sum + (ids?.length ?? 0), 0),
  };
}

/** Every sequence in a pack of its own. */
export function packAlone(sequences: readonly TokenSequence[]): PackedSequences {
  const packs = sequences.map((sequence, index) => {
    const { pack, parts } = layOut([{ root: buildTree([sequence]), trunk: undefined }], [sequence]);
    return { pack, parts: parts.map((part) => ({ ...part, sequence: index })) };
  });
  const tokens = sequences.reduce((sum, { ids }) => sum + ids.length - 1, 0);
  return { packs, unsharedTokens: tokens, necessaryTokens: tokens, computedTokens: tokens };
}

/** Tokens that a tree continues: `from` is where its own begin, at a text's first token if there is no trunk. */
interface Above {
  from: number;
  trunk: Int32Array | undefined;
}

/** A tree that attends to nothing but itself and the trunk that it continues. */
interface TreeRow {
  root: TreeNode;
  trunk: Int32Array | undefined;
}

/** The node as one row, with the path above it from token `from` on, if that is not too large; else rows of its parts. */
function cutTree(node: TreeNode, above: Above, sequences: readonly TokenSequence[], packTokens: number): TreeRow[] {
  const below = node.size - (node.end - node.start);
  if (node.end > 0 && node.end - above.from + below <= packTokens)
    return [{ root: makeNode({ ...node, start: above.from }), trunk: above.trunk }];
  const { from, trunk } = growTrunk(node, above, below / packTokens, sequences);
  const prefix = node.end - from;
  const most = trunk ? packTokens : Math.max(packTokens, rowLimit(prefix, packTokens));
  const fits = ({ size }: TreeNode): boolean => prefix + size <= most;
  const bins = fillBins(node.children.filter(fits), (trunk ? packTokens : rowLimit(prefix, packTokens)) - prefix);
  // What ends in the node itself goes with the first of its parts.
  if (bins.length === 0 && node.ending.length > 0) bins.push([]);
  const rows = bins.map((children, index): TreeRow => {
    const ending = index === 0 ? node.ending : [];
    return { root: makeNode({ ...node, start: from, children, ending }), trunk };
  });
  const larger = node.children.filter((child) => !fits(child));
  return [...rows, ...larger.flatMap((child) => cutTree(child, { from, trunk }, sequences, packTokens))];
}

/** Tokens of a row whose prefix is copied: few, but enough for the copies to cost below 5 %, within two packs' worth. */
function rowLimit(prefix: number, packTokens: number): number {
  return Math.min(Math.max(rowTokens, 24 * prefix), prefix + 2 * packTokens);
}

/** The path down to the node as a trunk, up to where its first score is asked for, if copies in all pieces cost more. */
function growTrunk(node: TreeNode, above: Above, pieces: number, sequences: readonly TokenSequence[]): Above {
  if (node.end - above.from < trunkTokens) return above;
  const from = Math.min(node.end, firstSource(node, sequences));
  const grown = from - above.from;
  return grown < trunkTokens || grown * pieces <= from ? above : { from, trunk: node.ids.subarray(0, from) };
}

/** Rows of like length side by side, up to a pack's tokens; a row with a trunk stays alone. */
function groupRows(rows: readonly TreeRow[], packTokens: number): TreeRow[][] {
  const groups: TreeRow[][] = [];
  let free = 0;
  for (const row of rows.filter(({ trunk }) => !trunk).sort((a, b) => b.root.size - a.root.size)) {
    if (row.root.size > free) {
      groups.push([]);
      free = packTokens;
    }
    groups.at(-1)?.push(row);
    free -= row.root.size;
  }
  return [...groups, ...rows.filter(({ trunk }) => trunk).map((row) => [row])];
}

/** First-fit decreasing; a part larger than a bin gets one of its own. Ties keep their order. */
function fillBins(parts: TreeNode[], room: number): TreeNode[][] {
  const bins: { free: number; nodes: TreeNode[] }[] = [];
  for (const part of [...parts].sort((a, b) => b.size - a.size)) {
    const open = bins.find((bin) => bin.free >= part.size);
    if (open) {
      open.nodes.push(part);
      open.free -= part.size;
    } else bins.push({ free: room - part.size, nodes: [part] });
  }
  return bins.map(({ nodes }) => nodes);
}

function layOut(group: readonly TreeRow[], sequences: readonly TokenSequence[]): PackPlan {
  const size = group.reduce((sum, { root }) => sum + root.size, 0);
  const ids = new Int32Array(size);
  const positions = new Int32Array(size);
  const ends = new Int32Array(size);
  const scores = new ScoreList();
  const parts: PackPlan['parts'] = [];
  const rows: number[] = [];
  /** Index in the pack of the token at each depth of the current path. */
  const path: number[] = [];
  let cursor = 0;

  function visit(node: TreeNode): void {
    const first = cursor;
    for (let depth = node.start; depth < node.end; depth++) {
      ids[cursor] = node.ids[depth];
      positions[cursor] = depth;
      path[depth] = cursor++;
    }
    const last = cursor;
    for (const sequence of node.ending) parts.push({ sequence, scores: scores.addPath(sequences[sequence], path) });
    node.children.forEach(visit);
    ends.fill(cursor, first, last);
  }

  for (const { root } of group) {
    rows.push(cursor);
    visit(root);
  }
  rows.push(cursor);
  const [sources, targets] = [scores.sources(), scores.targets()];
  const trunk = group[0]?.trunk;
  return {
    pack: { ids, positions, ends, rows: Int32Array.from(rows), ...(trunk && { trunk }), sources, targets },
    parts,
  };
}

/** Distinct (source, target) pairs: choices that begin alike ask for the same score, and the head is costly. */
class ScoreList {
  readonly #indices = new Map<string, number>();
  readonly #sources: number[] = [];
  readonly #targets: number[] = [];

  addPath({ ids, scoredFrom }: TokenSequence, path: number[]): Int32Array {
    const wanted = new Int32Array(ids.length - scoredFrom);
    return wanted.map((_, offset) => this.#add(path[scoredFrom + offset - 1], ids[scoredFrom + offset]));
  }

  sources(): Int32Array {
    return Int32Array.from(this.#sources);
  }

  targets(): Int32Array {
    return Int32Array.from(this.#targets);
  }

  #add(source: number, target: number): number {
    const key = `${source}:${target}`;
    const known = this.#indices.get(key);
    if (known !== undefined) return known;
    this.#indices.set(key, this.#sources.length);
    this.#sources.push(source);
    this.#targets.push(target);
    return this.#sources.length - 1;
  }
}
