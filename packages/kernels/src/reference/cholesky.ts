/** A factorization met a pivot that is not above zero. */
export interface FailedPivot {
  failedColumn: number;
}

/**
 * Upper triangular U with `H^-1 = U^T U`, in float64, by the way the GPTQ code goes: factor H, invert, factor the
 * inverse. (The native kernel takes a shorter way, so each checks the other.)
 */
export function inverseFactor(matrix: Float64Array, n: number): Float64Array | FailedPivot {
  const r = upperCholesky(matrix, n);
  if ('failedColumn' in r) return r;
  return upperCholesky(timesOwnTranspose(invertUpper(r, n), n), n);
}

/** Upper R with `A = R^T R`. */
function upperCholesky(a: Float64Array, n: number): Float64Array | FailedPivot {
  const r = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    const row = a.slice(i * n, (i + 1) * n);
    for (let k = 0; k < i; k++) {
      const factor = r[k * n + i]!;
      for (let j = i; j < n; j++) row[j]! -= factor * r[k * n + j]!;
    }
    const pivot = row[i]!;
    if (!(pivot > 0 && pivot < Infinity)) return { failedColumn: i };
    const root = Math.sqrt(pivot);
    for (let j = i; j < n; j++) r[i * n + j] = row[j]! / root;
  }
  return r;
}

/** V = R^-1, row by row from below: `V_i = (I_i - sum of R_ik V_k over k > i) / R_ii`. */
function invertUpper(r: Float64Array, n: number): Float64Array {
  const v = new Float64Array(n * n);
  for (let i = n - 1; i >= 0; i--) {
    v[i * n + i] = 1;
    for (let k = i + 1; k < n; k++) {
      const factor = r[i * n + k]!;
      for (let j = k; j < n; j++) v[i * n + j]! -= factor * v[k * n + j]!;
    }
    for (let j = i; j < n; j++) v[i * n + j]! /= r[i * n + i]!;
  }
  return v;
}

/** `V V^T` of an upper triangular V. */
function timesOwnTranspose(v: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let k = j; k < n; k++) sum += v[i * n + k]! * v[j * n + k]!;
      product[i * n + j] = sum;
      product[j * n + i] = sum;
    }
  }
  return product;
}
