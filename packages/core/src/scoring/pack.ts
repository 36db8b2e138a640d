import type { TokenSequence } from './encode.js';
import type { Pack } from './token-scorer.js';
import { buildTree, makeNode, type TreeNode } from './token-tree.js';

/** Tokens of a pack. Longer packs amortise the weights no better and pay attention over what they do not see. */
export const defaultPackTokens = 512;

export interface PackedSequences {
  packs: PackPlan[];
  /** Tokens that would be fed if each sequence ran alone. */
  unsharedTokens: number;
  /** Tokens in the packs. */
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
 * it exceeds `packTokens`, each piece with its own copy of the path above it. The same input gives the same packs.
 */
export function packSequences(sequences: readonly TokenSequence[], packTokens = defaultPackTokens): PackedSequences {
  const roots = splitTree(buildTree(sequences), packTokens);
  const packs = roots.filter((root) => root.size > 0).map((root) => layOut(root, sequences));
  return {
    packs,
    unsharedTokens: sequences.reduce((sum, { ids }) => sum + ids.length - 1, 0),
    computedTokens: packs.reduce((sum, { pack }) => sum + pack.ids.length, 0),
  };
}

/** Every sequence in a pack of its own. */
export function packAlone(sequences: readonly TokenSequence[]): PackedSequences {
  const each = sequences.map((sequence) => packSequences([sequence], sequence.ids.length));
  const sum = (count: (each: PackedSequences) => number): number => each.reduce((total, one) => total + count(one), 0);
  return {
    packs: each.flatMap(({ packs }, index) =>
      packs.map(({ pack, parts }) => ({ pack, parts: parts.map((part) => ({ ...part, sequence: index })) })),
    ),
    unsharedTokens: sum(({ unsharedTokens }) => unsharedTokens),
    computedTokens: sum(({ computedTokens }) => computedTokens),
  };
}

/** The node itself if it fits, else copies of it with a part of what is below each. */
function splitTree(node: TreeNode, packTokens: number): TreeNode[] {
  const room = pieceLimit(node.end, packTokens) - node.end;
  if (node.size - (node.end - node.start) <= room) return [node];
  const parts = node.children.flatMap((child) => (child.size <= room ? [child] : splitTree(child, packTokens)));
  return fillBins(parts, room).map((children, index) =>
    makeNode({ ...node, children, ending: index === 0 ? node.ending : [] }),
  );
}

/**
 * Most tokens of a piece below a path of `prefix` tokens. A long prefix may take its pack beyond `packTokens`, because
 * a copy of it costs more than attention over a longer pack: up to three times itself, at most two packs' worth.
 */
function pieceLimit(prefix: number, packTokens: number): number {
  return Math.max(packTokens, Math.min(4 * prefix, prefix + 2 * packTokens));
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

function layOut(root: TreeNode, sequences: readonly TokenSequence[]): PackPlan {
  const ids = new Int32Array(root.size);
  const positions = new Int32Array(root.size);
  const ends = new Int32Array(root.size);
  const scores = new ScoreList();
  const parts: PackPlan['parts'] = [];
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

  visit(root);
  return { pack: { ids, positions, ends, sources: scores.sources(), targets: scores.targets() }, parts };
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
