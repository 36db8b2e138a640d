import { checkWhole } from './checks.js';

/** A stream of numbers of 32 random bits. */
export type RandomBits = () => number;

const GREATEST_SEED = 2 ** 32 - 1;

/**
 * xoshiro128** 1.1 of Blackman and Vigna, its state four outputs of splitmix32: the same on every machine, because it is
 * all 32-bit integers. Seeds are whole numbers from 0 to 2^32 - 1.
 */
export function createRandomBits(seed: number): RandomBits {
  checkWhole('seed', seed, 0, GREATEST_SEED);
  const nextWord = splitmix32(seed);
  let [a, b, c, d] = [nextWord(), nextWord(), nextWord(), nextWord()];
  return () => {
    const result = Math.imul(rotateLeft(Math.imul(b, 5), 7), 9) >>> 0;
    const shifted = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= shifted;
    d = rotateLeft(d, 11);
    return result;
  };
}

function rotateLeft(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** A counter through the mixer of MurmurHash3. It is one to one, so four words in a row are never all zero. */
function splitmix32(seed: number): RandomBits {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return z ^ (z >>> 16);
  };
}

/**
 * n values of 1 or -1, each as likely. The same seed gives a longer vector the same beginning: take another seed for
 * another use.
 */
export function randomSigns(n: number, seed: number): Float64Array {
  checkWhole('n', n, 1);
  const bits = createRandomBits(seed);
  return Float64Array.from({ length: n }, () => (bits() >= 2 ** 31 ? -1 : 1));
}

/**
 * One value of the standard normal distribution by comparing uniform ones (Karney 2016, algorithm N, on uniform numbers
 * of 32 bits). Box-Muller would need logarithms and cosines, whose last bits differ between engines.
 */
export function randomNormal(bits: RandomBits): number {
  const half = (): boolean => happens(0.5, bits);
  for (;;) {
    let whole = 0;
    while (half()) whole++;
    if (!everyTime(whole * (whole - 1), half)) continue;
    const part = uniform(bits);
    const share = (part * (2 * whole + part)) / (2 * whole + 2);
    if (!everyTime(whole + 1, () => happens(share, bits))) continue;
    return bits() >= 2 ** 31 ? -(whole + part) : whole + part;
  }
}

function uniform(bits: RandomBits): number {
  return bits() / 2 ** 32;
}

function everyTime(count: number, trial: () => boolean): boolean {
  for (let i = 0; i < count; i++) if (!trial()) return false;
  return true;
}

/** True with probability e^-x, 0 <= x <= 1 (von Neumann): whether a falling run of uniform numbers below x has even length. */
function happens(x: number, bits: RandomBits): boolean {
  let even = true;
  for (let last = x, next = uniform(bits); next < last; last = next, next = uniform(bits)) even = !even;
  return even;
}
