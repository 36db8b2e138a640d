/** Axis arithmetic: domains that leave room, and ticks at round numbers. */
export type Domain = [number, number];

/** The range of the values with room around it; never empty. */
export function padDomain(values: readonly number[], scale: 'log' | 'linear'): Domain {
  const low = Math.min(...values);
  const high = Math.max(...values);
  if (scale === 'log') {
    const room = (high / low) ** 0.12;
    return [low / room, high * room];
  }
  const room = 0.14 * (high - low) || Math.abs(high) * 0.05 || 1;
  return [low - room, high + room];
}

/** About five multiples of 1, 2 or 5 times a power of ten. */
export function roundTicks([low, high]: Domain): number[] {
  const rough = (high - low) / 5;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough) ?? 10 * power;
  const ticks: number[] = [];
  // Multiples by index: adding the step again and again would drift.
  for (let index = Math.ceil(low / step); index * step <= high; index++)
    ticks.push(Number((index * step).toPrecision(12)));
  return ticks;
}

/** 1, 2, 5 of each power of ten, or powers of ten alone where that would be more than seven ticks. */
export function logTicks([low, high]: Domain): number[] {
  const every: number[] = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const factor of [1, 2, 5]) every.push(Number(`${factor}e${power}`));
  const inside = every.filter((tick) => tick >= low && tick <= high);
  const decades = inside.filter((tick) => Number.isInteger(Number(Math.log10(tick).toFixed(9))));
  if (inside.length <= 7) return inside;
  const stride = Math.ceil(decades.length / 7);
  return decades.filter((_, index) => index % stride === 0);
}

/** Pixels from the top of the plotting area. */
export function toPixel(value: number, domain: Domain, scale: 'log' | 'linear', height: number): number {
  const [low, high] = domain;
  const share = scale === 'log' ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
  return height * (1 - share);
}
