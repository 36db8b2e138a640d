const size = 624;
const period = 397;

/**
 * Python's `random.Random`, bit for bit: Mersenne Twister MT19937 (Matsumoto and Nishimura 1998) seeded from an integer
 * and CPython's ways of drawing from it. The papers' samplers use it, so their windows depend on it.
 */
export class PythonRandom {
  readonly #state = new Uint32Array(size);
  #index = size;

  /** The sign is dropped, as Python does. */
  constructor(seed: number | bigint) {
    const key = limbsOf(BigInt(seed));
    this.#seedFromNumber(19650218);
    this.#mixKey(key);
  }

  /** A float in [0, 1) of 53 random bits. */
  random(): number {
    const high = this.#next() >>> 5;
    const low = this.#next() >>> 6;
    return (high * 67108864 + low) / 9007199254740992;
  }

  /** An integer of `bits` random bits, 1 to 53; the first word drawn is the lowest. */
  getrandbits(bits: number): number {
    if (!Number.isInteger(bits) || bits < 1 || bits > 53) throw new RangeError(`Expected 1 to 53 bits, got ${bits}.`);
    if (bits <= 32) return this.#next() >>> (32 - bits);
    const low = this.#next();
    return low + (this.#next() >>> (64 - bits)) * 2 ** 32;
  }

  /** An integer in [start, stop). */
  randrange(start: number, stop: number): number {
    return start + this.#below(stop - start);
  }

  /** An integer in [low, high], both included. */
  randint(low: number, high: number): number {
    return this.randrange(low, high + 1);
  }

  /** Shuffles in place. */
  shuffle(items: unknown[]): void {
    for (let i = items.length - 1; i > 0; i--) {
      const j = this.#below(i + 1);
      [items[i], items[j]] = [items[j], items[i]];
    }
  }

  /** `count` different items in random order: from a shrinking pool, or by rejection when the population is large. */
  sample<T>(population: readonly T[], count: number): T[] {
    const n = population.length;
    if (count > n) throw new RangeError(`Expected a sample of at most ${n} items, got ${count}.`);
    // CPython weighs a list of n items against a set for the chosen ones; which one it takes changes the draws.
    const setSize = 21 + (count > 5 ? 4 ** Math.ceil(Math.log(count * 3) / Math.log(4)) : 0);
    if (n > setSize) return this.#sampleByRejection(population, count);
    const pool = [...population];
    return Array.from({ length: count }, (_, i) => {
      const j = this.#below(n - i);
      const item = pool[j];
      pool[j] = pool[n - i - 1];
      return item;
    });
  }

  #sampleByRejection<T>(population: readonly T[], count: number): T[] {
    const selected = new Set<number>();
    while (selected.size < count) selected.add(this.#below(population.length));
    return Array.from(selected, (index) => population[index]);
  }

  /** An integer in [0, n): draws of the bit length of n, until one is below it. */
  #below(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`Expected a range of at least one integer, got ${n}.`);
    const bits = n.toString(2).length;
    for (;;) {
      const drawn = this.getrandbits(bits);
      if (drawn < n) return drawn;
    }
  }

  #seedFromNumber(seed: number): void {
    const state = this.#state;
    state[0] = seed;
    for (let i = 1; i < size; i++) {
      const previous = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = Math.imul(1812433253, previous) + i;
    }
  }

  #mixKey(key: Uint32Array): void {
    const state = this.#state;
    let i = 1;
    const advance = (): void => {
      if (++i < size) return;
      state[0] = state[size - 1];
      i = 1;
    };
    for (let step = 0; step < Math.max(size, key.length); step++) {
      const j = step % key.length;
      const previous = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = (state[i] ^ Math.imul(previous, 1664525)) + key[j] + j;
      advance();
    }
    for (let step = 0; step < size - 1; step++) {
      const previous = state[i - 1] ^ (state[i - 1] >>> 30);
      state[i] = (state[i] ^ Math.imul(previous, 1566083941)) - i;
      advance();
    }
    state[0] = 0x80000000;
  }

  /** The next 32 bits, tempered. */
  #next(): number {
    if (this.#index === size) this.#regenerate();
    let word = this.#state[this.#index++];
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }

  #regenerate(): void {
    const state = this.#state;
    for (let i = 0; i < size; i++) {
      const mixed = (state[i] & 0x80000000) | (state[(i + 1) % size] & 0x7fffffff);
      state[i] = state[(i + period) % size] ^ (mixed >>> 1) ^ (mixed & 1 ? 0x9908b0df : 0);
    }
    this.#index = 0;
  }
}

/** The magnitude in 32-bit limbs, lowest first; zero has one limb. */
function limbsOf(seed: bigint): Uint32Array {
  const limbs: number[] = [];
  for (let rest = seed < 0n ? -seed : seed; rest > 0n || limbs.length === 0; rest >>= 32n)
    limbs.push(Number(rest & 0xffffffffn));
  return Uint32Array.from(limbs);
}
