import type { TokenSequence } from './encode.js';

/**
 * A radix tree over the fed tokens of many sequences: what several begin with is held once. The tokens of a node are
 * `ids[start, end)` of any sequence that runs through it, so `end` is also the length of the path from the root.
 */
export interface TreeNode {
  ids: Int32Array;
  start: number;
  end: number;
  /** Indices of the sequences whose last fed token is the node's last. */
  ending: number[];
  children: TreeNode[];
  /** Tokens of the node and of everything below it. */
  size: number;
}

interface Entry {
  index: number;
  ids: Int32Array;
  /** Number of tokens fed: all but the last, which is only a target. */
  fed: number;
}

/** The root holds no token; its children are the trees of sequences that share their first token. */
export function buildTree(sequences: readonly TokenSequence[]): TreeNode {
  const entries = sequences.map(({ ids }, index) => ({ index, ids, fed: ids.length - 1 }));
  entries.sort(compareEntries);
  return buildNode(entries, 0, 0);
}

/** `entries` is sorted and its members agree on their first `start` tokens; `end` is where the node stops. */
function buildNode(entries: Entry[], start: number, end: number): TreeNode {
  const children: TreeNode[] = [];
  const ending: number[] = [];
  let from = 0;
  for (; from < entries.length && entries[from].fed === end; from++) ending.push(entries[from].index);
  while (from < entries.length) {
    const token = entries[from].ids[end];
    let to = from + 1;
    while (to < entries.length && entries[to].ids[end] === token) to++;
    const group = entries.slice(from, to);
    // Sorted, so what the first and the last share is what all share.
    children.push(buildNode(group, end, sharedLength(group[0], group[group.length - 1])));
    from = to;
  }
  return makeNode({ ids: entries[0]?.ids ?? new Int32Array(0), start, end, ending, children });
}

export function makeNode(node: Omit<TreeNode, 'size'>): TreeNode {
  return { ...node, size: node.end - node.start + node.children.reduce((sum, child) => sum + child.size, 0) };
}

/** Index of the first token below which, or of which, a prediction is scored: no score is asked of those before. */
export function firstSource(node: TreeNode, sequences: readonly TokenSequence[]): number {
  const own = node.ending.map((index) => (sequences[index] as TokenSequence).scoredFrom - 1);
  return Math.min(...own, ...node.children.map((child) => firstSource(child, sequences)));
}

/** A prefix sorts before what it begins; equal sequences keep their order. */
function compareEntries(a: Entry, b: Entry): number {
  const shared = sharedLength(a, b);
  if (shared === a.fed || shared === b.fed) return a.fed - b.fed || a.index - b.index;
  return a.ids[shared] - b.ids[shared];
}

function sharedLength(a: Entry, b: Entry): number {
  const limit = Math.min(a.fed, b.fed);
  let length = 0;
  while (length < limit && a.ids[length] === b.ids[length]) length++;
  return length;
}
