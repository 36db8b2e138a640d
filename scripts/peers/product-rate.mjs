// GFLOP/s of onnxruntime's float32 product on 2,048 tokens of SmolLM2's widest layer: what "the multiply limit" means here.
import { Graph, openSession } from '@lowbit/core';

const [tokens, cols, rows] = [2048, 576, 1536];

export async function measureProductRate(threads) {
  const graph = new Graph('product');
  const x = graph.input('x', 'float32', ['tokens', cols]);
  const weight = graph.constant('weight', 'float32', [rows, cols], new Float32Array(rows * cols).fill(0.01));
  graph.output(
    graph.node('ReduceMax', [graph.node('Gemm', [x, weight], { transB: 1 })], { keepdims: 0 }),
    'y',
    'float32',
    [],
  );
  const session = await openSession(graph.encode(), { name: 'cpu', threads });
  const feed = { x: { data: new Float32Array(tokens * cols).fill(0.5), dims: [tokens, cols] } };
  const times = [];
  for (let i = 0; i < 9; i++) {
    const start = performance.now();
    await session.run(feed);
    times.push(performance.now() - start);
  }
  await session.release();
  return (2 * tokens * cols * rows) / (Math.min(...times) * 1e6);
}
