/** Natural logarithms of the factorials from 0 on, grown as they are asked for. */
const logFactorials = [0, 0];

function logFactorial(n: number): number {
  for (let next = logFactorials.length; next <= n; next++)
    logFactorials.push((logFactorials[next - 1] as number) + Math.log(next));
  return logFactorials[n] as number;
}

/** P(X = k) of a binomial X: `n` trials, each a success with probability `p`. Relative error below 1e-11 for n to 1e5. */
export function binomialDensity(k: number, n: number, p: number): number {
  if (k < 0 || k > n) return 0;
  if (p === 0 || p === 1) return k === n * p ? 1 : 0;
  const ways = logFactorial(n) - logFactorial(k) - logFactorial(n - k);
  return Math.exp(ways + k * Math.log(p) + (n - k) * Math.log1p(-p));
}

/** P(X <= k), summed on the side of `k` that is the smaller one, so that a small tail keeps its digits. */
export function binomialBelow(k: number, n: number, p: number): number {
  if (k < 0) return 0;
  if (k >= n) return 1;
  return k <= n * p ? lowerTail(k, n, p) : 1 - lowerTail(n - k - 1, n, 1 - p);
}

/** The same for `k` below the mean: terms fall from `k` downwards. */
function lowerTail(k: number, n: number, p: number): number {
  if (p === 1) return 0;
  let term = binomialDensity(k, n, p);
  let total = 0;
  for (let i = k; i >= 0 && term > total * 1e-17; i--) {
    total += term;
    term *= (i * (1 - p)) / ((n - i + 1) * p);
  }
  return total;
}

/** The standard normal distribution function by its series (Marsaglia 2004), within 1e-15; 0 or 1 beyond 8.5. */
export function normalBelow(x: number): number {
  if (Math.abs(x) > 8.5) return x < 0 ? 0 : 1;
  let sum = x;
  let term = x;
  for (let i = 3; sum + term !== sum; i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}

/** The t that |T| stays below with probability `level`, for a whole number of degrees of freedom. */
export function studentQuantile(level: number, freedom: number): number {
  let [low, high] = [0, Math.PI / 2];
  for (let step = 0; step < 60; step++) {
    const middle = (low + high) / 2;
    if (withinAngle(middle, freedom) < level) low = middle;
    else high = middle;
  }
  return Math.sqrt(freedom) * Math.tan((low + high) / 2);
}

/** P(|T| < sqrt(freedom) tan(angle)): the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4. */
function withinAngle(angle: number, freedom: number): number {
  const odd = freedom % 2;
  const square = Math.cos(angle) ** 2;
  let term = odd ? Math.cos(angle) : 1;
  let sum = 0;
  for (let k = odd; k < freedom - 1; k += 2) {
    sum += term;
    term *= (square * (k + 1)) / (k + 2);
  }
  const part = Math.sin(angle) * sum;
  return odd ? (2 / Math.PI) * (angle + part) : part;
}

/**
 * P(T <= t) of the noncentral t distribution, T = (Z + shift) / S: the normal distribution over the density of
 * S = sqrt(chi square / freedom), by the trapezoidal rule on ln S, which converges geometrically. Within 1e-10.
 */
export function noncentralStudentBelow(t: number, freedom: number, shift: number): number {
  const spread = 1 / Math.sqrt(freedom);
  const step = Math.min(spread / 16, 1 / (8 * Math.abs(t)));
  let [mass, below] = [0, 0];
  // The density of ln S has its mode at 0 and falls as exp(freedom x) to the left, faster to the right.
  for (let x = -40 * spread; x < 6 * spread; x += step) {
    const density = Math.exp(freedom * (x - (Math.exp(2 * x) - 1) / 2));
    mass += density;
    below += density * normalBelow(t * Math.exp(x) - shift);
  }
  return below / mass;
}
