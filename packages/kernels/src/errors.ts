/** What a failed factorization of a second moment says; `column` is where the pivot was not above zero. */
export function notPositiveDefinite(column: number, dampPercent: number): RangeError {
  return new RangeError(
    `the second moment must be positive definite, but its pivot at column ${column} is not above zero with ` +
      `dampPercent ${dampPercent}: use more calibration tokens or more damping, and check the inputs for NaN`,
  );
}

export function codeTooLarge(code: number, place: number, bits: number): RangeError {
  return new RangeError(`codes of ${bits} bits must be at most ${2 ** bits - 1}, got ${code} at place ${place}`);
}
