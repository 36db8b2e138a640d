/** xoshiro128** 1.1 (Blackman and Vigna) on whole numbers of any length, for comparison. */
export function xoshiro128(words: readonly bigint[]): () => bigint {
  let [s0, s1, s2, s3] = words as [bigint, bigint, bigint, bigint];
  const low = (x: bigint): bigint => BigInt.asUintN(32, x);
  const rotate = (x: bigint, k: bigint): bigint => low((x << k) | (x >> (32n - k)));
  return () => {
    const result = low(rotate(low(s1 * 5n), 7n) * 9n);
    const shifted = low(s1 << 9n);
    s2 ^= s0;
    s3 ^= s1;
    s1 ^= s2;
    s0 ^= s3;
    s2 ^= shifted;
    s3 = rotate(s3, 11n);
    return result;
  };
}

/** The first four numbers of splitmix32: a counter in steps of the golden ratio through the mixer of MurmurHash3. */
export function seedWords(seed: bigint): bigint[] {
  return [1n, 2n, 3n, 4n].map((step) => {
    let z = BigInt.asUintN(32, seed + step * 0x9e3779b9n);
    z = BigInt.asUintN(32, (z ^ (z >> 16n)) * 0x85ebca6bn);
    z = BigInt.asUintN(32, (z ^ (z >> 13n)) * 0xc2b2ae35n);
    return z ^ (z >> 16n);
  });
}
