import { sum, type MetricValue } from '@lowbit/core';

/** Class of a document, and the class that a model gave it. */
interface Classified {
  target: number;
  prediction: number;
}

/**
 * F1 of each class against the rest, averaged over all `classes`, as lm-evaluation-harness does it for CB; a class that is
 * neither there nor given has 0. The harness leaves the standard error open; this is the delta method's: F1 is a ratio of
 * sums over documents, 2 hits / (given + there), and the residuals of all classes are added document by document.
 */
export function macroF1(documents: readonly Classified[], classes: number): Omit<MetricValue, 'metric'> {
  const n = documents.length;
  const residuals = new Float64Array(n);
  let value = 0;
  for (let each = 0; each < classes; each++) {
    const hits = documents.map(({ target, prediction }) => (target === each && prediction === each ? 2 : 0));
    const marks = documents.map(({ target, prediction }) => Number(target === each) + Number(prediction === each));
    const total = sum(marks);
    if (total === 0) continue;
    const f1 = sum(hits) / total;
    value += f1 / classes;
    hits.forEach((hit, index) => (residuals[index] += (hit - f1 * marks[index]) / total / classes));
  }
  const squares = sum([...residuals].map((residual) => residual ** 2));
  return { value, stderr: n < 2 ? undefined : Math.sqrt((squares * n) / (n - 1)), n };
}
